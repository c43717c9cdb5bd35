"""JSON text to plain data: fast where the text is sound, exact about the place where it is not."""

from __future__ import annotations

import json
import math
import re
from typing import Any, cast

from ..errors import GraphError, Place, Problem
from .faults import DEEPEST, LONGEST_NUMBER, faults
from .positions import Positions as Positions
from .positions import locate as locate

LARGEST = 16 * 2**20
"""How many bytes a graph file may have."""
_HALF_PAIR = re.compile(r"\\u[dD][89a-fA-F]")


def read(text: str | bytes, name: str) -> dict[str, Any]:
    """The object that a graph file holds; `name` is the file's in errors.

    Raises GraphError with every fault found: invalid JSON, a name used twice in one object, numbers that are not finite
    or too long, text that is not UTF-8, empty, over 16 MB, nested deeper than 64 levels or not an object.
    """
    text = decoded(text, name)
    try:
        found = _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        raise GraphError(faults(text, name) or [Problem(Place(name), f"not valid JSON: {error}")]) from None
    if _suspect(found, text) and (problems := faults(text, name)):
        raise GraphError(problems)
    return cast(dict[str, Any], found)


def _suspect(found: Any, text: str) -> bool:
    """Whether the text wants the slow, exact look."""
    named = _members(found, text.count("{") + text.count("["))
    # what is named twice is lost, so that there are more colons than names; but texts may hold some too
    if named is None or (named != text.count(":") and _names_twice(text)):
        return True
    return not isinstance(found, dict) or ("\\u" in text and _HALF_PAIR.search(text) is not None)


def decoded(text: str | bytes, name: str) -> str:
    """The text of a graph file without its byte order mark; raises GraphError where it is too long or not UTF-8."""
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    if len(raw) > LARGEST:
        what = f"the file has {len(raw) / 2**20:.1f} MB, a graph has {LARGEST // 2**20} MB at most"
        raise GraphError.of(what, where=Place(name))
    try:
        return raw.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        what = f"not UTF-8: byte 0x{raw[error.start]:02x} at offset {error.start}"
        raise GraphError.of(what, "save the file as UTF-8", Place(name)) from None


class _Irregular(ValueError):
    """Says that something in the text cannot be as it is."""


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value) or len(number.lstrip("-")) > LONGEST_NUMBER:
        raise _Irregular
    return value


_NESTED = frozenset((dict, list))
_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=_finite)


def _members(found: Any, brackets: int) -> int | None:
    """How many members all objects have together; None where they nest deeper than DEEPEST.

    Level by level, so without recursion, and until there is an object or a list for each opening bracket.
    """
    level, count = [found] if type(found) in _NESTED else [], 0
    for _ in range(DEEPEST):
        brackets -= len(level)
        inner: list[Any] = []
        for whole in level:
            if type(whole) is dict:
                count += len(whole)
                whole = whole.values()
            if brackets:
                inner += [part for part in whole if type(part) in _NESTED]
        if not inner:
            return count
        level = inner
    return None


def _names_twice(text: str) -> bool:
    """Whether an object has two members of one name; slower than to count."""

    def unique(pairs: list[tuple[str, Any]]) -> None:
        if len(dict(pairs)) != len(pairs):
            raise _Irregular

    try:
        json.loads(text, object_pairs_hook=unique)
    except _Irregular:
        return True
    return False
