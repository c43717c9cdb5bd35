"""In which order the nodes of a graph stand below one another, and which wires are drawn as lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ..outline import Outline, Wire

HUB = 4
"""A value with this many readers is named where it is read, as in schematics; few lines stay that way."""
SMALL = 16
"""Graphs with no more nodes are clear enough to draw every line."""
MOST_INPUTS = 6
"""A node that reads more names them all."""


class Drawing(NamedTuple):
    """What a drawing of a graph shows: rows from top to bottom, lines, and wires that are named only."""

    rows: tuple[str, ...]
    lines: Mapping[str, tuple[str, ...]]
    """Node -> those whose values reach it by a line."""
    chips: Mapping[str, tuple[Wire, ...]]
    """Node -> its wires that are named and not drawn."""


def drawing(outline: Outline, hub: int | None = None, most_inputs: int = MOST_INPUTS) -> Drawing:
    """Every node once, below all that it reads where no circle forbids it; drafts may have circles.

    Values with `hub` readers are named where they are read; by default, in graphs that are not small, those with HUB.
    """
    if hub is None:
        hub = HUB if len(outline.items) > SMALL else len(outline.items)
    inputs = {name: _unique(wire.source for wire in item.wires) for name, item in outline.items.items()}
    inputs = {name: [one for one in found if one in inputs] for name, found in inputs.items()}
    rows = post_order(inputs)
    place = {name: index for index, name in enumerate(rows)}
    readers: dict[str, int] = dict.fromkeys(rows, 0)
    for found in inputs.values():
        for source in found:
            readers[source] += 1
    lines: dict[str, tuple[str, ...]] = {}
    for name, found in inputs.items():
        few = [one for one in found if readers[one] < hub and place[one] < place[name]]
        lines[name] = tuple(few) if len(few) <= most_inputs else ()
    chips = {
        name: tuple(wire for wire in item.wires if wire.source in inputs and wire.source not in lines[name])
        for name, item in outline.items.items()
    }
    return Drawing(tuple(rows), lines, chips)


def post_order(inputs: Mapping[str, Iterable[str]]) -> list[str]:
    """Depth first from those that nobody reads, the deepest input first: what is read by one stands just above it."""
    depth = _depths(inputs)
    read = {source for found in inputs.values() for source in found}
    order: list[str] = []
    seen: set[str] = set()
    for root in (*(name for name in inputs if name not in read), *inputs):
        if root in seen:
            continue
        seen.add(root)
        stack = [(root, iter(sorted(inputs[root], key=lambda name: -depth[name])))]
        while stack:
            name, left = stack[-1]
            below = next((one for one in left if one not in seen), None)
            if below is None:
                order.append(name)
                stack.pop()
            else:
                seen.add(below)
                stack.append((below, iter(sorted(inputs[below], key=lambda name: -depth[name]))))
    return order


def _depths(inputs: Mapping[str, Iterable[str]]) -> dict[str, int]:
    """How long the longest chain above each node is; a wire that closes a circle does not count."""
    depth: dict[str, int] = {}
    on_path: set[str] = set()
    for root in inputs:
        stack = [root]
        while stack:
            name = stack[-1]
            left = [one for one in inputs[name] if one not in depth and one not in on_path and one != name]
            if name in depth or not left:
                stack.pop()
                on_path.discard(name)
                depth[name] = 1 + max((depth.get(one, 0) for one in inputs[name]), default=-1)
            else:
                on_path.add(name)
                stack.append(left[-1])
    return depth


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
