"""Where the parts of a JSON text stand: line and column of the value or the key at a path."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TypeAlias

from .spans import members, space

Path: TypeAlias = tuple[str | int, ...]

_LINE_END = re.compile(r"\r\n?|\n")


class Positions:
    """The positions of a valid JSON text; each container is scanned once, when it is first looked into."""

    def __init__(self, text: str) -> None:
        self._text = text.removeprefix("\ufeff")
        self._lines = [0, *(match.end() for match in _LINE_END.finditer(self._text))]
        self._known: dict[int, dict[str | int, tuple[int, int]]] = {}

    def line_column(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 1, of an offset into the text without its byte order mark."""
        line = bisect_right(self._lines, offset)
        return line, offset - self._lines[line - 1] + 1

    def locate(self, path: Path, key: bool = False) -> tuple[int, int]:
        """Line and column of the value at a path, or of its key; (0, 0) where the path leads nowhere."""
        name, value = 0, space(self._text, 0)
        for part in path:
            if value not in self._known:
                self._known[value] = {one.name: (one.start, one.value) for one in members(self._text, value)}
            if part not in self._known[value]:
                return 0, 0
            name, value = self._known[value][part]
        return self.line_column(name if key and path else value)


def locate(text: str, path: Path, key: bool = False) -> tuple[int, int]:
    """Line and column, from 1, of the value (or its key) at a path in a valid JSON text; (0, 0) if it is absent."""
    return Positions(text).locate(path, key)
