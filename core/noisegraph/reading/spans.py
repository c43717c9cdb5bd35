"""Where the members of an object or a list stand in a valid JSON text; only what is asked for is scanned."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_STRING = re.compile(STRING, re.DOTALL)
_SCALAR = re.compile(r'[^\s,:"\[\]{}]++')
_SPACE = re.compile(r"[ \t\r\n]*+")
_UP_TO_BRACKET = re.compile(rf'(?:[^"\[\]{{}}]++|{STRING})*+', re.DOTALL)


class Member(NamedTuple):
    """A member of an object or a list, by offsets: where its key (or itself, in a list), its value and its end are."""

    name: str | int
    start: int
    value: int
    end: int


def members(text: str, at: int) -> Iterator[Member]:
    """The members of the object or list at `at`; none where there is a scalar."""
    keyed = text.startswith("{", at)
    if not keyed and not text.startswith("[", at):
        return
    index = 0
    at = space(text, at + 1)
    while at < len(text) and text[at] not in "]}":
        start = value = at
        if keyed:
            at = after(text, start)
            value = space(text, space(text, at) + 1)
        end = after(text, value)
        yield Member(_decoded(text[start:at]) if keyed else index, start, value, end)
        index += 1
        at = space(text, end)
        if not text.startswith(",", at):
            return
        at = space(text, at + 1)


def after(text: str, at: int) -> int:
    """The offset behind the value that begins at `at`."""
    if not text.startswith(("{", "["), at):
        match = _STRING.match(text, at) or _SCALAR.match(text, at)
        return match.end() if match else len(text)
    depth = 0
    while at < len(text):
        depth += 1 if text[at] in "[{" else -1
        if not depth:
            return at + 1
        match = _UP_TO_BRACKET.match(text, at + 1)
        at = match.end() if match else len(text)
    return at


def space(text: str, at: int) -> int:
    """The offset behind the white space that begins at `at`."""
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _decoded(token: str) -> str:
    return str(json.loads(token)) if "\\" in token else token[1:-1]
