"""Where the parts of a JSON text stand: line and column of the value or the key at a path."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import TypeAlias

Path: TypeAlias = tuple[str | int, ...]

STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_STRING = re.compile(STRING, re.DOTALL)
_SCALAR = re.compile(r'[^\s,:"\[\]{}]++')
_SPACE = re.compile(r"[ \t\r\n]*+")
_UP_TO_BRACKET = re.compile(rf'(?:[^"\[\]{{}}]++|{STRING})*+', re.DOTALL)
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
        name, value = 0, self._space(0)
        for part in path:
            if value not in self._known:
                self._known[value] = dict(self._children(value))
            if part not in self._known[value]:
                return 0, 0
            name, value = self._known[value][part]
        return self.line_column(name if key and path else value)

    def _space(self, at: int) -> int:
        match = _SPACE.match(self._text, at)
        return match.end() if match else at

    def _children(self, at: int) -> Iterator[tuple[str | int, tuple[int, int]]]:
        """Key or index, and the offsets of the key and of the value, of each child of the value at `at`."""
        keyed = self._text.startswith("{", at)
        if not keyed and not self._text.startswith("[", at):
            return
        index = 0
        at = self._space(at + 1)
        while at < len(self._text) and self._text[at] not in "]}":
            name, value = at, at
            if keyed:
                at = self._after(name)
                value = self._space(self._space(at) + 1)
            yield (self._decoded(name, at) if keyed else index), (name, value)
            index += 1
            after = self._space(self._after(value))
            if not self._text.startswith(",", after):
                return
            at = self._space(after + 1)

    def _decoded(self, start: int, end: int) -> str:
        token = self._text[start:end]
        return str(json.loads(token)) if "\\" in token else token[1:-1]

    def _after(self, at: int) -> int:
        """The offset behind the value that begins at `at`."""
        if not self._text.startswith(("{", "["), at):
            match = _STRING.match(self._text, at) or _SCALAR.match(self._text, at)
            return match.end() if match else len(self._text)
        depth = 0
        while at < len(self._text):
            depth += 1 if self._text[at] in "[{" else -1
            if not depth:
                return at + 1
            match = _UP_TO_BRACKET.match(self._text, at + 1)
            at = match.end() if match else len(self._text)
        return at


def locate(text: str, path: Path, key: bool = False) -> tuple[int, int]:
    """Line and column, from 1, of the value (or its key) at a path in a valid JSON text; (0, 0) if it is absent."""
    return Positions(text).locate(path, key)
