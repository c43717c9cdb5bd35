"""A graph as boxes: a card for each node, and between them lines that cross but never share a cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ..outline import Outline
from .channel import Net, routed
from .layers import Layers, Place, height, layered

_NORTH, _EAST, _SOUTH, _WEST = 1, 2, 4, 8
_SHAPES = dict(zip(range(16), " ╵╶╰╷│╭├╴╯─┴╮┤┬┼", strict=True))
"""By the sides to which a line goes on."""
_NARROWEST, _WIDEST = 17, 26


class Card(NamedTuple):
    """Where a node's box stands."""

    x: int
    y: int
    width: int
    height: int


@dataclass
class Boxes:
    """The layout: cards, and row -> column -> the lines there with the sides to which each goes on."""

    layers: Layers
    cards: dict[str, Card] = field(default_factory=dict)
    wires: dict[int, dict[int, dict[str, int]]] = field(default_factory=dict)
    width: int = 0
    height: int = 0

    def across(self, y: int, start: int, end: int, name: str) -> None:
        """A line in a row."""
        for x in range(start, end):
            self._add(x, y, name, _EAST)
            self._add(x + 1, y, name, _WEST)

    def down(self, x: int, start: int, end: int, name: str) -> None:
        """A line in a column."""
        for y in range(min(start, end), max(start, end)):
            self._add(x, y, name, _SOUTH)
            self._add(x, y + 1, name, _NORTH)

    def _add(self, x: int, y: int, name: str, side: int) -> None:
        here = self.wires.setdefault(y, {}).setdefault(x, {})
        here[name] = here.get(name, 0) | side


def boxes(outline: Outline) -> Boxes:
    """Lay a graph out."""
    found = Boxes(layered(outline))
    layers = found.layers
    x = 0
    for number, column in enumerate(layers.columns):
        width = max((_width(outline, place.name) for place in column if not place.passing), default=_NARROWEST)
        for place in column:
            if place.passing:
                found.across(layers.y[place], x, x + width - 1, place.name)
            else:
                found.cards[place.name] = Card(x, layers.y[place], width, height(layers.ports[place.name]))
        x += width
        if number + 1 < len(layers.columns):
            x += _channel(found, column, x)
    found.width = x
    bottoms = (card.y + card.height for card in found.cards.values())
    found.height = max((*bottoms, *(row + 1 for row in found.wires)), default=0)
    return found


def _width(outline: Outline, name: str) -> int:
    ports = max((len(wire.port) for wire in outline.items[name].wires), default=0)
    return min(max(len(name) + 7, ports + 4, _NARROWEST), _WIDEST)


def _channel(found: Boxes, column: tuple[Place, ...], x: int) -> int:
    """Draw the lines that leave a layer, from column `x` on; how many columns they take."""
    layers = found.layers
    nets = [_net(layers, place) for place in column if place in layers.ends]
    tracks = routed(nets)
    width = 2 * max((track.number + 1 for track in tracks), default=0) + 2
    end = x + width
    for net in nets:
        if net.straight:
            found.across(net.left, x - 1, end, net.name)
    begun = {(track.net.name, track.net.rights[0]): track.number for track in tracks if track.broken}
    for track in tracks:
        net, at = track.net, x + 1 + 2 * track.number
        first = begun.get((net.name, net.left))
        found.across(net.left, x - 1 if first is None else x + 1 + 2 * first, at, net.name)
        found.down(at, *net.span, net.name)
        if not track.broken:
            for row in net.rights:
                found.across(row, at, end, net.name)
    return width


def _net(layers: Layers, place: Place) -> Net:
    rights = (row for end in layers.ends[place] for row in layers.rows_in(end, place.name))
    return Net(place.name, layers.row_out(place), tuple(rights))


def glyph(here: Mapping[str, int]) -> tuple[str, str]:
    """The character of a cell and the line that it shows: where two cross, the one that goes up and down."""
    name = max(here, key=lambda one: here[one] & (_NORTH | _SOUTH))
    return _SHAPES[here[name]], name
