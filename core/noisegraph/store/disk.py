"""Stored bytes in a folder: whole files named after their keys, shared by several processes, bounded."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Lock

from .ledger import Ledger
from .owners import own_name
from .upkeep import LEDGER, SUFFIX, TEMPORARY, entries, prune, remove_left_overs

_RECOUNT = 50
"""What others wrote is looked up each time that this process has written this part of the limit."""


class Disk:
    """The entries of a folder, as bytes. A process that is killed at any moment leaves whole entries only.

    Files are written under temporary names and renamed; a file's time of change is that of its last use.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self.folder = str(folder)
        self.limit = limit
        self._ledger = Ledger(os.path.join(self.folder, LEDGER))
        self._total: int | None = None
        self._since = 0
        self._pins: list[frozenset[str]] = []
        self._lock = Lock()

    def path(self, key: bytes) -> str:
        """The file of the key."""
        name = key.hex()
        return f"{self.folder}/{name[:2]}/{name}{SUFFIX}"

    def __contains__(self, key: bytes) -> bool:
        return os.access(self.path(key), os.F_OK)

    def read(self, key: bytes) -> bytearray | None:
        """The bytes, now the most recently used; None where there are none, OSError where they cannot be read."""
        path = self.path(key)
        try:
            with open(path, "rb") as file:
                data = bytearray(os.fstat(file.fileno()).st_size)
                del data[file.readinto(data) :]
        except FileNotFoundError:
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return data

    def write(self, key: bytes, data: bytes) -> None:
        """Store the bytes, and make room where there is too much; raises OSError where that cannot be done."""
        self._begin()
        path = self.path(key)
        before = _size(path)
        try:
            self._write(path, data)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            os.makedirs(f"{self.folder}/{TEMPORARY}", exist_ok=True)
            self._write(path, data)
        self._count(len(data) - before)

    def _write(self, path: str, data: bytes) -> None:
        temporary = f"{self.folder}/{TEMPORARY}/{own_name('part')}"
        try:
            with open(temporary, "xb") as file:
                file.write(data)
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise

    def discard(self, key: bytes) -> None:
        """Remove the entry, if there is one and it can be removed."""
        path = self.path(key)
        with contextlib.suppress(OSError):
            self._begin()
            size = os.stat(path).st_size
            os.unlink(path)
            self._count(-size)

    @contextlib.contextmanager
    def pinned(self, keys: Iterable[bytes]) -> Iterator[None]:
        """Keep these entries while the context lasts, whichever process makes room."""
        names = frozenset(map(bytes.hex, keys))
        told = f"{self.folder}/{TEMPORARY}/{own_name('pins')}"
        self._pins.append(names)
        if names:
            with contextlib.suppress(OSError):  # without the list, other processes may prune what this one uses
                Path(told).write_text("\n".join(names))
        try:
            yield
        finally:
            self._pins.remove(names)
            with contextlib.suppress(OSError):
                os.unlink(told)

    def close(self) -> None:
        """Close the file that counts."""
        self._ledger.close()

    def _begin(self) -> None:
        """Learn how much the folder holds, once."""
        with self._lock:
            if self._total is not None:
                return
            os.makedirs(f"{self.folder}/{TEMPORARY}", exist_ok=True)
            remove_left_overs(self.folder)
            total = self._ledger.total()
            if total is None:
                total = sum(entry.size for entry in entries(self.folder))
                self._ledger.reset(total)
            self._total = total

    def _count(self, change: int) -> None:
        """Note the change, and prune where the folder holds too much; it is walked only then.

        The count is an estimate that each pruning corrects, so that a failure on the way is none.
        """
        with self._lock, contextlib.suppress(OSError):
            self._total = (self._total or 0) + change
            self._since += abs(change)
            self._ledger.add(change)
            if self._since > self.limit // _RECOUNT:
                self._total, self._since = self._ledger.total() or self._total, 0
            if self._total > self.limit:
                self._total = prune(self.folder, self.limit, frozenset().union(*self._pins)).left


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0
