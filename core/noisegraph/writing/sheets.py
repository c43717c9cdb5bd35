"""How the pictures of a sweep stand on its contact sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, cycle, islice, repeat
from typing import Any, TypeVar

T = TypeVar("T")


def arranged(
    points: Sequence[Mapping[str, Any]], shown: Mapping[int, Sequence[T]]
) -> tuple[list[T | None], int | None]:
    """What is shown of each point, by its number, in the order of the sheet, and how much of it stands side by side.

    In a table each point has as much room as any point of its column needs; None stands for room that is left empty.
    """
    counts = [len(shown.get(number, ())) for number in range(len(points))]
    uneven = max(counts) > 1 and len({0, *counts}) > 2
    length = row_length(points) or (1 if uneven else None)
    if length is None:
        return [one for number in range(len(points)) for one in shown.get(number, ())], None
    widths = [max(counts[column::length]) for column in range(length)]
    rooms = zip(range(len(points)), cycle(widths), strict=False)
    padded = (islice(chain(shown.get(number, ()), repeat(None)), width) for number, width in rooms)
    return list(chain.from_iterable(padded)), sum(widths)


def row_length(points: Sequence[Mapping[str, Any]]) -> int | None:
    """How many points of a sweep differ in its last input alone, where all others repeat that: a row of their table."""
    others = [dict(list(point.items())[:-1]) for point in points]
    length = next((index for index, one in enumerate(others) if one != others[0]), len(points))
    rows = [points[start : start + length] for start in range(0, len(points), length)]
    last = [[list(point.values())[-1:] for point in row] for row in rows]
    whole = all(others[index] == others[index - index % length] for index in range(len(points)))
    return length if whole and 1 < length < len(points) and all(one == last[0] for one in last) else None
