"""How many bytes a cache folder holds, known to several processes without walking it."""

from __future__ import annotations

import os

_COMPACT_FROM = 1 << 16


class Ledger:
    """A file of changes, one number a line: appends of several processes never mix, and a lost one does no harm."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._file: int | None = None

    def add(self, change: int) -> None:
        """Note that the folder grew or shrank by this many bytes."""
        os.write(self._open(), b"%d\n" % change)

    def total(self) -> int | None:
        """The sum of all changes; None where it is not known: nothing was noted yet, or the file is damaged."""
        file = self._open()
        text = os.pread(file, os.fstat(file).st_size, 0)
        try:
            total = sum(map(int, text.split())) if text else None
        except ValueError:
            return None
        if total is not None and len(text) > _COMPACT_FROM:
            self.reset(total)
        return total

    def reset(self, total: int) -> None:
        """Begin anew from a total that was counted; processes that have the file open go on with it."""
        os.ftruncate(self._open(), 0)
        self.add(total)

    def close(self) -> None:
        """Close the file; it opens again when used."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _open(self) -> int:
        if self._file is None:
            self._file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)
        return self._file
