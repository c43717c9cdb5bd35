"""Results on disk: a file that only grows, a line for each thing that happened; a torn last line is passed over."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from .result import Result, result_of


class Results:
    """All results, the oldest first; what is done to them is written before it is known."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._found: dict[int, Result] | None = None

    @property
    def known(self) -> Mapping[int, Result]:
        """Number -> result; read when it is first asked for."""
        return self._read()

    @property
    def all(self) -> tuple[Result, ...]:
        """Those that are not in the trash."""
        return tuple(one for one in self.known.values() if not one.trashed)

    @property
    def count(self) -> int:
        """How many there are, 0 until somebody asked for them: the file is not read for their number alone."""
        return 0 if self._found is None else sum(not one.trashed for one in self._found.values())

    @property
    def next_number(self) -> int:
        """The number of the next result; none is given twice."""
        return max(self.known, default=0) + 1

    def append(self, results: Iterable[Result]) -> None:
        """Keep results; raises OSError where they cannot be written, and then knows nothing of them."""
        self._write([{"result": one.told()} for one in results])

    def star(self, number: int) -> None:
        """Star a result, or no longer."""
        self._write([{"number": number, "starred": not self.known[number].starred}])

    def trash(self, numbers: Iterable[int], trashed: bool = True) -> None:
        """Put results into the trash, or take them out; their files stay where they are."""
        self._write([{"number": number, "trashed": trashed} for number in numbers])

    def _write(self, lines: list[dict[str, Any]]) -> None:
        known = self._read()
        if not lines:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        text = "".join(json.dumps(line, separators=(",", ":"), default=str) + "\n" for line in lines)
        with open(self.path, "ab") as file:
            torn = file.tell() > 0 and not self._ends_whole()
            file.write((b"\n" if torn else b"") + text.encode())
            file.flush()
            os.fsync(file.fileno())
        for line in lines:
            _take(known, line)

    def _ends_whole(self) -> bool:
        with open(self.path, "rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read() == b"\n"

    def _lines(self) -> Iterator[Any]:
        try:
            data = self.path.read_bytes()
        except OSError:
            return
        for line in data.splitlines():
            try:
                yield json.loads(line)
            except ValueError:  # torn when the power went, or the disk was full
                continue

    def _read(self) -> dict[int, Result]:
        if self._found is None:
            self._found = {}
            for line in self._lines():
                _take(self._found, line)
        return self._found


def _take(known: dict[int, Result], line: Any) -> None:
    """Take in a line; one that makes no sense is passed over."""
    try:
        if "result" in line:
            result = result_of(line["result"])
            known[result.number] = result
        elif line.get("number") in known:
            result = known[line["number"]]
            starred, trashed = bool(line.get("starred", result.starred)), bool(line.get("trashed", result.trashed))
            known[result.number] = replace(result, starred=starred, trashed=trashed)
    except (TypeError, ValueError, AttributeError):  # of another version, or no line of ours
        return
