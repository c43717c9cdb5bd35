"""Changes of a JSON text in one place: what the author wrote elsewhere stays as it is, byte for byte."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

from ...reading.spans import Member, after, members, space

Path: TypeAlias = tuple[str | int, ...]
WIDEST = 120
"""How long a line may become before what is inserted is put on a line of its own."""
_BLANK_LINES = re.compile(r"(\r?\n)(?:[ \t]*\r?\n)+")


class Patch(NamedTuple):
    """What stands between two offsets becomes `text`."""

    start: int
    end: int
    text: str


def applied(text: str, patches: Iterable[Patch]) -> str:
    """The text with patches that do not overlap."""
    for patch in sorted(patches, reverse=True):
        text = text[: patch.start] + patch.text + text[patch.end :]
    return text


def found(text: str, path: Path) -> Member:
    """Where the value at a path stands; raises KeyError where there is none."""
    start = space(text, 1 if text.startswith("\ufeff") else 0)
    at = Member("", start, start, after(text, start))
    for part in path:
        inside = [one for one in members(text, at.value) if one.name == part]
        if not inside:
            raise KeyError(part)
        at = inside[-1]
    return at


def replaced(text: str, path: Path, value: Any) -> str:
    """With another value at a path; objects and lists keep the parts of them that stay."""
    at = found(text, path)
    old = json.loads(text[at.value : at.end])
    if same(old, value):
        return text
    if isinstance(old, dict) and isinstance(value, dict):
        return _object(text, path, old, value)
    if isinstance(old, list) and isinstance(value, list) and len(old) == len(value):
        for index, one in enumerate(value):
            text = replaced(text, (*path, index), one)
        return text
    return applied(text, [Patch(at.value, at.end, written(value, _compact(text)))])


def _object(text: str, path: Path, old: dict[str, Any], new: dict[str, Any]) -> str:
    for key in old.keys() - new.keys():
        text = removed(text, (*path, key))
    for key, value in new.items():
        text = replaced(text, (*path, key), value) if key in old else inserted(text, path, key, value)
    return text


def renamed(text: str, path: Path, name: str) -> Patch:
    """The patch that gives the key at a path another name; where values stand in a column, they stay there."""
    at = found(text, path)
    key = after(text, at.start)
    quoted, gap = written(name), text[key : at.value]
    colon, blanks = gap[: len(gap) - len(gap.lstrip(" :"))].rstrip(" "), len(gap) - len(gap.rstrip(" "))
    if blanks > 1 or _column(text, list(members(text, found(text, path[:-1]).value))) is not None:
        blanks = max(1, blanks + (key - at.start) - len(quoted))
        gap = colon + " " * blanks if gap.strip(" ") == ":" else gap
    return Patch(at.start, at.value, quoted + gap)


def removed(text: str, path: Path) -> str:
    """Without the member at a path."""
    at = found(text, path)
    around = list(members(text, found(text, path[:-1]).value))
    index = around.index(at)
    if index:
        return applied(text, [Patch(around[index - 1].end, at.end, "")])
    if len(around) > 1:
        return applied(text, [Patch(at.start, around[1].start, "")])
    outside = found(text, path[:-1])
    return applied(text, [Patch(outside.value + 1, outside.end - 1, "")])


def inserted(text: str, path: Path, name: str, value: Any, behind: str | None = None, lines: bool = False) -> str:
    """With one member more in the object at a path: behind another (`""`: first), or last; `lines`: on its own line."""
    at = found(text, path)
    around = list(members(text, at.value))
    if not around:
        entry = f"{written(name)}{_colon(text)}{_like(text, None, value)}"
        return applied(text, [_first(text, at, entry, lines)])
    places = [one.name for one in around]
    index = places.index(behind) if behind in places else (-1 if behind == "" else len(around) - 1)
    near = around[max(index, 0)]
    encoded = _like(text, near, value)
    between = _separator(text, at, around, max(index, 0))
    entry = _keyed(text, around, near, name, encoded, between)
    if index < 0:
        return applied(text, [Patch(near.start, near.start, entry + between)])
    if "\n" not in between and _width(text, near.end) + len(between + entry) > WIDEST:
        between = _wrapped(text, at, around)
        entry = _keyed(text, around, near, name, encoded, between)
    return applied(text, [Patch(near.end, near.end, between + entry)])


def appended(text: str, path: Path, value: Any) -> str:
    """With one item more at the end of the list at a path."""
    at = found(text, path)
    around = list(members(text, at.value))
    encoded = written(value, _compact(text))
    if not around:
        return applied(text, [Patch(at.value + 1, at.end - 1, encoded)])
    between = _separator(text, at, around, len(around) - 1)
    return applied(text, [Patch(around[-1].end, around[-1].end, between + encoded)])


def written(value: Any, compact: bool = False) -> str:
    """A value as JSON, in any script; raises ValueError for what JSON does not have."""
    separators = (",", ":") if compact else None
    try:
        told = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=separators)
        told.encode()
        return told
    except UnicodeEncodeError:  # half of a pair: no text file can hold it but escaped
        return json.dumps(value, separators=separators)


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same in JSON, where 1 is not 1.0 and not true."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _first(text: str, at: Member, entry: str, lines: bool) -> Patch:
    """What stands in an object that was empty."""
    inside = text[at.value + 1 : at.end - 1]
    if "\n" in (text if lines else inside):
        end = newline(text)
        indent = _indent(text, at.value)
        return Patch(at.value + 1, at.end - 1, f"{end}{indent}{_unit(text)}{entry}{end}{indent}")
    pad = "" if _compact(text) else " "
    return Patch(at.value + 1, at.end - 1, f"{pad}{entry}{pad}")


def _keyed(text: str, around: Sequence[Member], near: Member, name: str, encoded: str, between: str) -> str:
    key = written(name)
    column = _column(text, around)
    if column is not None and "\n" in between:
        begins = len(between) - between.rindex("\n") - 1
        return key + ":" + " " * max(1, column - begins - len(key) - 1) + encoded
    gap = text[after(text, near.start) : near.value]
    return key + (":" if gap.endswith(":") else gap if "\n" in gap else f"{gap.rstrip()} ") + encoded


def _like(text: str, near: Member | None, value: Any) -> str:
    """A value as JSON; an object on one line or several, with blanks or without, as its neighbour is."""
    compact = _compact(text)
    if not isinstance(value, dict) or not value:
        return written(value, compact)
    inside = list(members(text, near.value)) if near and text.startswith("{", near.value) else []
    lead = tail = "" if compact else " "
    if near and inside:
        lead, tail = text[near.value + 1 : inside[0].start], text[inside[-1].end : near.end - 1]
    between = f",{lead}" if "\n" in lead else "," if compact else ", "
    parts = [f"{written(key)}{_colon(text)}{written(one, compact)}" for key, one in value.items()]
    return "{" + lead + between.join(parts) + tail + "}"


def _separator(text: str, at: Member, around: Sequence[Member], index: int) -> str:
    """What stands between the member and the next: a comma, and the blanks and line ends that the author likes."""
    if len(around) > 1:
        first = min(index, len(around) - 2)
        found_between = text[around[first].end : around[first + 1].start]
    else:
        lead = text[at.value + 1 : around[0].start]
        found_between = "," + (lead if "\n" in lead else "" if _compact(text) else " ")
    return _BLANK_LINES.sub(r"\1", found_between)


def _wrapped(text: str, at: Member, around: Sequence[Member]) -> str:
    """A comma and a new line that begins under the first member."""
    for one, other in pairwise(around):
        if "\n" in text[one.end : other.start]:
            return _BLANK_LINES.sub(r"\1", text[one.end : other.start])
    begins = text.rfind("\n", 0, at.value) + 1
    lead = "".join("\t" if sign == "\t" else " " for sign in text[begins : around[0].start])
    return f",{newline(text)}{lead}" if begins else ", "


def _column(text: str, around: Sequence[Member]) -> int | None:
    """The column where the values of all members stand, each on a line of its own; None where they do not."""
    if len(around) < 2 or any("\n" not in text[a.end : b.start] for a, b in pairwise(around)):
        return None
    columns = {_width(text, one.value) for one in around}
    gaps = {text[after(text, one.start) : one.value] for one in around}
    return columns.pop() if len(columns) == 1 and all(gap.strip(" ") == ":" for gap in gaps) else None


def _width(text: str, at: int) -> int:
    return at - text.rfind("\n", 0, at) - 1


def _colon(text: str) -> str:
    return ":" if _compact(text) else ": "


def _compact(text: str) -> bool:
    """Whether the author writes no blank behind colons."""
    first = next(members(text, found(text, ()).value), None)
    return first is not None and text[after(text, first.start) : first.value] == ":"


def newline(text: str) -> str:
    """How the text's lines end."""
    return "\r\n" if "\r\n" in text else "\n"


def _indent(text: str, at: int) -> str:
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _unit(text: str) -> str:
    """One level of indentation: that of the graph's first key."""
    root = found(text, ())
    first = next(members(text, root.value), None)
    lead = text[root.value + 1 : first.start] if first else ""
    return lead.rpartition("\n")[2] if "\n" in lead and lead.rpartition("\n")[2] else "  "
