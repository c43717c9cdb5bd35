"""A graph as rails: a row for each node, and a lane for each value from where it is made to where it is last read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from ..outline import Outline, Wire
from .order import drawing

NODE = "●"
"""Stands for a node in a drawing without states."""
_JOINTS = {
    (True, False, True): "├",
    (True, True, False): "┤",
    (True, True, True): "┼",
    (False, False, True): "╰",
    (False, True, False): "╯",
    (False, True, True): "┴",
}
"""Where a value is read: (goes on, line to the left, line to the right); a mere crossing is `│`, never `┼`."""


class Cell(NamedTuple):
    """One character of the drawing, and the node whose value, or whose reading, it shows; none for a blank."""

    text: str = " "
    owner: str = ""


class Row(NamedTuple):
    """One node: its lane, what the lanes hold above and below it, and the lanes that it reads."""

    node: str
    lane: int
    above: tuple[str, ...]
    below: tuple[str, ...]
    reads: frozenset[int]
    chips: tuple[Wire, ...] = ()

    @property
    def span(self) -> tuple[int, int]:
        """The outermost lanes of the line that leads into the node."""
        return min(self.lane, *self.reads, self.lane), max(self.lane, *self.reads, self.lane)


@dataclass(frozen=True)
class Rails:
    """The layout of a graph; states do not change it."""

    rows: tuple[Row, ...]
    index: Mapping[str, int]
    lines: Mapping[str, tuple[str, ...]]
    """Node -> those whose values reach it by a line."""
    readers: Mapping[str, tuple[str, ...]]
    """Node -> those that its value reaches by a line."""

    @cached_property
    def width(self) -> int:
        """Columns of the widest row."""
        return max((2 * max(len(row.above), len(row.below), row.lane + 1) - 1 for row in self.rows), default=0)


def rails(outline: Outline, hub: int | None = None) -> Rails:
    """Lay a graph out; values with many readers are named where they are read and take no lane."""
    drawn = drawing(outline, hub)
    index = {name: row for row, name in enumerate(drawn.rows)}
    readers: dict[str, list[str]] = {name: [] for name in drawn.rows}
    for name in drawn.rows:
        for source in drawn.lines[name]:
            readers[source].append(name)
    rows: list[Row] = []
    lanes: list[str] = []
    for name in drawn.rows:
        reads = frozenset(lane for lane, held in enumerate(lanes) if held in drawn.lines[name])
        ended = [lane for lane in sorted(reads) if readers[lanes[lane]][-1] == name]
        above = tuple(lanes)
        for lane in ended:
            lanes[lane] = ""
        lane = ended[0] if ended else _free(lanes, rows[-1].lane if rows else -1)
        lanes.extend([""] * (lane + 1 - len(lanes)))
        lanes[lane] = name if readers[name] else ""
        while lanes and not lanes[-1]:
            lanes.pop()
        rows.append(Row(name, lane, above, tuple(lanes), reads, drawn.chips[name]))
    return Rails(tuple(rows), index, drawn.lines, {name: tuple(found) for name, found in readers.items()})


def _free(lanes: list[str], last: int) -> int:
    """The first lane that holds nothing; not the one of the row above, whose node would seem to be read here."""
    return next(lane for lane in range(len(lanes) + 2) if lane != last and (lane >= len(lanes) or not lanes[lane]))


def cells(row: Row, glyph: str = NODE) -> list[Cell]:
    """The characters of a row, two columns a lane."""
    first, last = row.span
    line = [Cell()] * (2 * max(len(row.above), len(row.below), row.lane + 1) - 1)
    for column in range(2 * first + 1, 2 * last):
        line[column] = Cell("─", row.node)
    for lane, held in enumerate(row.above):
        if held and lane != row.lane:
            goes_on = lane < len(row.below) and row.below[lane] == held
            joint = _JOINTS[goes_on, lane > first, lane < last] if lane in row.reads else "│"
            line[2 * lane] = Cell(joint, held)
    line[2 * row.lane] = Cell(glyph, row.node)
    return line


def traced(layout: Rails, node: str) -> Mapping[int, Mapping[int, bool]]:
    """Row -> column -> whether it shows the node's own value (or else one that it reads)."""
    lit: dict[int, dict[int, bool]] = {}
    if node in layout.index:
        for source in layout.lines[node]:
            for row, column in _path(layout, source, node):
                lit.setdefault(row, {})[column] = False
        for reader in layout.readers[node]:
            for row, column in _path(layout, node, reader):
                lit.setdefault(row, {})[column] = True
    return lit


def _path(layout: Rails, source: str, reader: str) -> Iterator[tuple[int, int]]:
    """The cells from below a node to one that reads it."""
    start, end = layout.index[source], layout.index[reader]
    here, there = layout.rows[start].lane, layout.rows[end].lane
    for row in range(start + 1, end):
        yield row, 2 * here
    low, high = sorted((2 * here, 2 * there))
    for column in range(low, high + 1):
        if column != 2 * there and (column == 2 * here or not _crosses(layout.rows[end], column)):
            yield end, column


def _crosses(row: Row, column: int) -> bool:
    """Whether a lane that the row does not read passes there."""
    lane, between = divmod(column, 2)
    return not between and lane < len(row.above) and bool(row.above[lane]) and lane not in row.reads


def text(layout: Rails) -> str:
    """The drawing as plain text, each row with its node's name."""
    width = layout.width
    lines = ("".join(cell.text for cell in cells(row)).ljust(width + 2) + _label(row) for row in layout.rows)
    return "\n".join(line.rstrip() for line in lines)


def _label(row: Row) -> str:
    return " ".join((row.node, *(f"⟵ {source(wire)}" for wire in row.chips)))


def source(wire: Wire) -> str:
    """What a wire reads, as a graph file names it."""
    return f"{wire.source}.{wire.field}" if wire.field else wire.source
