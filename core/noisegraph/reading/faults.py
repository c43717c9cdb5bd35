"""What is wrong with a JSON text: every fault up to the first that hides what follows it."""

from __future__ import annotations

import json
import math
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NoReturn

from ..errors import Place, Problem
from .positions import Positions

DEEPEST = 64
"""How deep objects and lists of a graph file may nest."""
LONGEST_NUMBER = 4300
"""How many characters a number may have."""
_MOST = 100
_SPACE = re.compile(r"[ \t\r\n]*+")
_WORD = re.compile(r'[^\s,:"\[\]{}]++')
_NUMBER = re.compile(r"-?+(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?+[0-9]++)?+")
_STRING_INSIDE = re.compile(r'"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+')
_CURLY_QUOTES = "\u2018\u2019\u201c\u201d\u201e"
_RENAMED = {"True": "true", "False": "false", "None": "null", "undefined": "null", "nil": "null"}
_NOT_FINITE = ("NaN", "Infinity", "-Infinity", "nan", "inf", "-inf")


class _Stop(Exception):
    """Raised where nothing that follows can be read."""


@dataclass
class _Container:
    start: int
    close: str
    name: str | int = ""
    count: int = 0
    comma: int = -1
    seen: dict[str, int] = field(default_factory=dict)


class _Inspection:
    """A strict JSON reader without recursion, which keeps no value but notes every fault."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.positions = Positions(text)
        self.containers: list[_Container] = []
        self.problems: list[Problem] = []

    def note(self, at: int, what: str, hint: str = "") -> None:
        line, column = self.positions.line_column(at)
        path = ".".join(str(container.name) for container in self.containers if container.name != "")
        self.problems.append(Problem(Place(self.file, line, column, path), what, hint))
        if len(self.problems) >= _MOST:
            raise _Stop

    def stop(self, at: int, what: str, hint: str = "") -> NoReturn:
        self.note(at, what, hint)
        raise _Stop

    def space(self, at: int) -> int:
        match = _SPACE.match(self.text, at)
        return match.end() if match else at

    def found(self, at: int) -> str:
        """What stands at `at`, in words."""
        if at >= len(self.text):
            return "the end of the file"
        match = _WORD.match(self.text, at)
        word = match.group() if match else self.text[at]
        return repr(word if len(word) <= 20 else word[:17] + "...")

    def document(self) -> None:
        at = self.space(0)
        if at == len(self.text):
            self.stop(0, "the file is empty", 'a graph begins with {"nodes": {')
        opening = at
        at = self.value(at)
        while self.containers:
            at = self.member(self.space(at), self.containers[-1])
        at = self.space(at)
        if at < len(self.text):
            self.stop(at, f"not valid JSON: found {self.found(at)} after the end of the graph", self.advice(at))
        if self.text[opening] != "{":
            kind = {"[": "a list", '"': "a string"}.get(self.text[opening], self.found(opening))
            self.note(opening, f"a graph file holds an object {{...}}, found {kind}")

    def member(self, at: int, container: _Container) -> int:
        """Read one member of the innermost container, a comma, or its end; gives the offset behind it."""
        character = self.text[at : at + 1]
        if character == container.close and container.comma < 0:
            self.containers.pop()
            return at + 1
        if container.count and container.comma < 0:
            if character != ",":
                self.separator_missing(at, container)
            container.comma = at
            return at + 1
        if character == container.close:
            self.stop(container.comma, f"not valid JSON: a comma before '{character}'", "remove the trailing comma")
        if container.close == "}":
            at = self.key(at, container)
        else:
            container.name = container.count
        container.count += 1
        container.comma = -1
        return self.value(at)

    def separator_missing(self, at: int, container: _Container) -> NoReturn:
        if at >= len(self.text):
            line, column = self.positions.line_column(container.start)
            opened = f"the '{self.text[container.start]}' opened at {line}:{column} is never closed"
            self.stop(at, f"not valid JSON: the file ends too early, {opened}", f"add '{container.close}'")
        hint = "a comma seems to be missing before it" if self.text[at] in '"[{-' or self.text[at].isalnum() else ""
        found = self.found(at)
        self.stop(at, f"not valid JSON: found {found}, wanted ',' or '{container.close}'", self.advice(at) or hint)

    def key(self, at: int, container: _Container) -> int:
        if not self.text.startswith('"', at):
            bare = re.compile(r"[$\w.-]{1,40}").match(self.text, at)
            hint = f'write "{bare.group()}"' if bare else self.advice(at)
            self.stop(at, f"not valid JSON: found {self.found(at)}, wanted a name in double quotes", hint)
        container.name = ""
        end = self.string(at)
        name = json.loads(self.text[at:end])
        container.name = name
        if name in container.seen:
            line, column = self.positions.line_column(container.seen[name])
            what = f"the name {json.dumps(name)} is used twice; it stands at {line}:{column} already"
            self.note(at, what, "rename or remove one")
        container.seen.setdefault(name, at)
        colon = self.space(end)
        if not self.text.startswith(":", colon):
            hint = "put ':' between name and value" if self.text[colon : colon + 1] == "=" else self.advice(colon)
            self.stop(colon, f"not valid JSON: found {self.found(colon)}, wanted ':'", hint)
        return self.space(colon + 1)

    def value(self, at: int) -> int:
        character = self.text[at : at + 1]
        if character == '"':
            return self.string(at)
        if character and character in "[{":
            if len(self.containers) >= DEEPEST:
                self.stop(at, f"nested deeper than {DEEPEST} levels")
            self.containers.append(_Container(at, "]" if character == "[" else "}"))
            return at + 1
        match = _WORD.match(self.text, at)
        word = match.group() if match else ""
        if word not in ("true", "false", "null"):
            self.number(at, word)
        return at + len(word)

    def number(self, at: int, word: str) -> None:
        if word in _NOT_FINITE:
            self.note(at, f"{word} is not a JSON number", "write a finite number, or leave the value out")
        elif not _NUMBER.fullmatch(word):
            self.stop(at, f"not valid JSON: found {self.found(at)}, wanted a value", self.advice(at))
        elif len(word.lstrip("-")) > LONGEST_NUMBER:
            self.note(at, f"the number has {len(word)} characters", f"the most is {LONGEST_NUMBER}")
        elif not math.isfinite(float(word)):
            self.note(at, f"the number {self.found(at)[1:-1]} is too large", "the largest is about 1.8e308")

    def string(self, at: int) -> int:
        match = _STRING_INSIDE.match(self.text, at)
        end = match.end() if match else at + 1
        character = self.text[end : end + 1]
        if character != '"':
            self.string_broken(at, end, character)
        if not _encodes(self.text[at : end + 1]):
            self.note(at, "the string holds half of a surrogate pair", r"write the whole character, or both \u")
        return end + 1

    def string_broken(self, at: int, end: int, character: str) -> NoReturn:
        if character == "\\":
            what = f"not valid JSON: {self.text[end : end + 2]} means nothing in a string"
            self.stop(end, what, r"write \\ for a backslash, or / in a path")
        if character in ("", "\n", "\r"):
            hint = r"close it with a double quote, write a line break as \n"
            self.stop(at, "not valid JSON: the string is not closed on its line", hint)
        code = f"{ord(character):04x}"
        self.stop(end, f"not valid JSON: the control character U+{code} in a string", rf"write it as \u{code}")

    def advice(self, at: int) -> str:
        """What to try where something stands that JSON does not know."""
        match = _WORD.match(self.text, at)
        word = match.group() if match else self.text[at : at + 1]
        if word.startswith(("//", "/*", "#")):
            return 'JSON has no comments; write it as "about"'
        if word.startswith("'"):
            return "strings stand in double quotes, not single ones"
        if word and word[0] in _CURLY_QUOTES:
            return 'strings stand in straight double quotes "'
        if word in _RENAMED:
            return f"write {_RENAMED[word]}"
        if re.match(r"[+-]?\.?[0-9]", word):
            return "numbers are written like 5, -0.5 or 1e-3"
        if re.match(r"[$A-Za-z_]", word):
            return "strings stand in double quotes"
        return ""


def _encodes(token: str) -> bool:
    if "\\u" not in token:
        return True
    try:
        json.loads(token).encode()
    except UnicodeEncodeError:
        return False
    return True


def faults(text: str, file: str) -> list[Problem]:
    """The faults of a JSON text that is to hold a graph, each with its line and column; none where it is sound."""
    inspection = _Inspection(text, file)
    with suppress(_Stop):
        inspection.document()
    return inspection.problems
