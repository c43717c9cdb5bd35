"""Nodes folded into one: all that only it needs, and its likes with all that only they need."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from ..outline import Item, Outline, Wire
from ..state.node import GLYPHS, NodeState


class Folded(NamedTuple):
    """A graph with folds closed, and which nodes each fold holds: the one that stands for it first."""

    outline: Outline
    members: Mapping[str, tuple[str, ...]]

    def shown(self, node: str) -> str:
        """The node that stands for this one."""
        return next((head for head, names in self.members.items() if node in names), node)


def folded(outline: Outline, heads: Iterable[str]) -> Folded:
    """Fold at each of these nodes; wires to what is inside lead to the node that stands for it."""
    readers = readers_of(outline)
    members: dict[str, tuple[str, ...]] = {}
    home: dict[str, str] = {}
    for head in heads:
        if head in outline.items and head not in home:
            inside = [
                name for like in alike(outline, head, readers) for name in (like, *tributaries(outline, like, readers))
            ]
            names = tuple(dict.fromkeys(name for name in inside if name not in home or home[name] in members))
            for name in names:
                members.pop(name, None)
                home[name] = head
            members[head] = names
    items = {
        name: _outward(item, members.get(name, ()), outline, home)
        for name, item in outline.items.items()
        if home.get(name, name) == name
    }
    return Folded(replace(outline, items=items), members)


def tributaries(outline: Outline, head: str, readers: Mapping[str, Collection[str]]) -> list[str]:
    """The nodes whose values reach nobody but the head."""
    inside = {head}
    found: list[str] = []
    left = [head]
    while left:
        for wire in outline.items[left.pop()].wires:
            name = wire.source
            if name in outline.items and name not in inside and inside.issuperset(readers[name]):
                inside.add(name)
                found.append(name)
                left.append(name)
    return found


def alike(outline: Outline, head: str, readers: Mapping[str, Collection[str]]) -> list[str]:
    """The node, and those that have its name but for a number at the end, do the same, and are read by the same."""
    stem = _stem(head)
    mine = outline.items[head]
    if stem == head:
        return [head]
    likes = (
        name
        for name, item in outline.items.items()
        if item.use == mine.use and _stem(name) == stem and set(readers[name]) == set(readers[head])
    )
    return [head, *(name for name in likes if name != head)]


def readers_of(outline: Outline) -> dict[str, list[str]]:
    """Node -> those that read it, in the order of the file."""
    found: dict[str, list[str]] = {name: [] for name in outline.items}
    for reader, wire in outline.edges():
        if reader not in found[wire.source]:
            found[wire.source].append(reader)
    return found


def counted(names: tuple[str, ...], states: Mapping[str, NodeState]) -> str:
    """How many nodes are folded, and how many of them stand how: `+9  7● 1◐ 1○`."""
    kinds = Counter(states[name].kind if name in states else "unknown" for name in names)
    told = " ".join(f"{kinds[kind]}{glyph}" for kind, glyph in GLYPHS.items() if kinds[kind] and kind != "unknown")
    return f"▸ +{len(names) - 1}  {told}".rstrip()


def gathered(names: tuple[str, ...], states: Mapping[str, NodeState]) -> NodeState:
    """The state of a fold: what asks most for attention in it."""
    found = [states[name] for name in names if name in states]
    for kind in ("failed", "running", "blocked", "stale", "queued", "pending"):
        for state in found:
            if state.kind == kind:
                return state
    return found[0] if found else NodeState()


def _outward(item: Item, inside: tuple[str, ...], outline: Outline, home: Mapping[str, str]) -> Item:
    """The node with the wires that lead into its fold from outside."""
    if not inside:
        wires = item.wires
    else:
        within = set(inside)
        wires = tuple(wire for name in inside for wire in outline.items[name].wires if wire.source not in within)
    led = (Wire(wire.port, home.get(wire.source, wire.source), wire.field) for wire in wires)
    return replace(item, wires=tuple(dict.fromkeys(wire for wire in led if wire.source != item.name)))


def _stem(name: str) -> str:
    return re.sub(r"_?\d+$", "", name)
