"""What changes in a prompt along the walk: `[a:b:0.5]`, `[a::0.5]`, `[b:0.5]` and `[a|b]`, as A1111 reads them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple, TypeAlias

DEEPEST = 64
"""Brackets within brackets; those beyond are plain text."""
_NUMBER = re.compile(r"\s*[+-]?(?:\d{1,9}(?:\.\d*)?|\.\d+)\s*")
_PARTS = re.compile(r"\\.|[^\\\[\]():|]+|.", re.DOTALL)


class Switch(NamedTuple):
    """`before` until the step that `when` tells, then `after`."""

    before: Parts
    after: Parts
    when: str
    """As written: below 1 a share of the steps, else their number."""
    short: bool
    """Whether it was written without what stands before."""


class Turns(NamedTuple):
    """One option a step, over and over."""

    options: tuple[Parts, ...]


Part: TypeAlias = "str | Switch | Turns"
Parts: TypeAlias = tuple[Part, ...]


class Span(NamedTuple):
    """What a prompt is for some steps, from where the one before ended."""

    until: int
    """How many steps are done when it ends."""
    text: str


@dataclass
class _Open:
    """A bracket that is not closed yet: its options, divided by `|`, each in fields, divided by `:`."""

    bracket: str
    options: list[list[list[Part]]] = field(default_factory=lambda: [[[]]])

    def add(self, *parts: Part) -> None:
        self.options[-1][-1].extend(parts)

    def source(self) -> list[Part]:
        """All of it as it was written, after the bracket."""
        return _joined("|", [_joined(":", fields) for fields in self.options])


def parsed(prompt: str) -> Parts:
    """A prompt with what changes in it found; all else is text as it stands. Never raises."""
    stack = [_Open("")]
    for sign in _PARTS.findall(prompt):
        top = stack[-1]
        if sign in ("[", "(") and len(stack) <= DEEPEST:
            stack.append(_Open(sign))
        elif sign == ")" and top.bracket == "(":
            stack.pop()
            stack[-1].add("(", *top.source(), ")")
        elif sign == "]" and any(one.bracket == "[" for one in stack):
            _give_up(stack, "[")
            closed = stack.pop()
            stack[-1].add(*_closed(closed.options))
        elif sign == "|" and top.bracket == "[":
            top.options.append([[]])
        elif sign == ":" and top.bracket == "[":
            top.options[-1].append([])
        else:
            top.add(sign)
    _give_up(stack, "")
    return _merged(stack[0].source())


def _give_up(stack: list[_Open], until: str) -> None:
    """Brackets that nothing closes become text."""
    while stack[-1].bracket != until:
        lost = stack.pop()
        stack[-1].add(lost.bracket, *lost.source())


def _closed(options: list[list[list[Part]]]) -> list[Part]:
    if len(options) > 1:
        return [Turns(tuple(_merged(_joined(":", fields)) for fields in options))]
    fields = options[0]
    last = _merged(fields[-1])
    when = last[0] if len(last) == 1 and isinstance(last[0], str) else ""
    if len(fields) in (2, 3) and _NUMBER.fullmatch(when):
        before = _merged(fields[0]) if len(fields) == 3 else ()
        return [Switch(before, _merged(fields[-2]), when, len(fields) == 2)]
    return ["[", *_joined(":", fields), "]"]


def _joined(sign: str, groups: Sequence[Sequence[Part]]) -> list[Part]:
    found: list[Part] = []
    for number, group in enumerate(groups):
        found += [sign] * (number > 0) + list(group)
    return found


def _merged(parts: Sequence[Part]) -> Parts:
    found: list[Part] = []
    for texts, group in groupby(parts, lambda part: isinstance(part, str)):
        several = list(group)
        found += ["".join(map(str, several))] if texts else several
    return tuple(part for part in found if part != "")


def written(parts: Parts) -> str:
    """The prompt as it was written: `written(parsed(prompt)) == prompt`."""
    return "".join(map(_written, parts))


def _written(part: Part) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, Turns):
        return f"[{'|'.join(map(written, part.options))}]"
    before = "" if part.short else f"{written(part.before)}:"
    return f"[{before}{written(part.after)}:{part.when}]"


def at(parts: Parts, step: int, steps: int) -> str:
    """The prompt of one step, the first being 0, as a text whose brackets all are weights."""
    return "".join(_at(part, step, steps) for part in parts)


def _at(part: Part, step: int, steps: int) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, Turns):
        return at(part.options[step % len(part.options)], step, steps)
    return at(part.before if step < _reached(part.when, steps) else part.after, step, steps)


def _reached(when: str, steps: int) -> int:
    number = float(when)
    return int(number * steps if number < 1 else number)


def spans(prompt: str, steps: int) -> list[Span]:
    """What a prompt is along so many steps; one span where nothing changes."""
    parts = parsed(prompt)
    texts = [at(parts, step, steps) for step in range(max(steps, 1))]
    found: list[Span] = []
    for text, group in groupby(texts):
        found.append(Span((found[-1].until if found else 0) + len(list(group)), text))
    return found
