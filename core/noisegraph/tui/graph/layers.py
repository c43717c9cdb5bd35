"""The nodes of a graph in layers from left to right, ordered so that few lines cross, each near what it is wired to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple

from ..outline import Item, Outline
from .order import HUB, Drawing, drawing

_SWEEPS = 8
_GAP = 1


class Place(NamedTuple):
    """Something that stands in a layer: a node, or a line that passes there, named after its source."""

    layer: int
    name: str
    passing: bool = False


@dataclass(frozen=True)
class Layers:
    """Where everything stands; `y` is its uppermost row."""

    drawn: Drawing
    columns: tuple[tuple[Place, ...], ...]
    y: Mapping[Place, int]
    ends: Mapping[Place, tuple[Place, ...]]
    """Where the line that begins or passes at a place goes on, in the next layer."""
    layer: Mapping[str, int]
    ports: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Node -> what each of its ports reads, in rows below its title; empty for one that is named and not drawn."""

    def rows_in(self, place: Place, source: str) -> list[int]:
        """The rows in which a line arrives there."""
        if place.passing:
            return [self.y[place]]
        return [self.y[place] + 1 + row for row, read in enumerate(self.ports[place.name]) if read == source]

    def row_out(self, place: Place) -> int:
        """The row in which a line leaves."""
        return self.y[place] + (0 if place.passing else 1)


def layered(outline: Outline) -> Layers:
    """Lay a graph out; values with many readers are named where they are read."""
    drawn = drawing(outline, HUB)
    layer = _layer(outline, drawn)
    ports = {name: tuple(_ports(item, drawn.lines[name])) for name, item in outline.items.items()}
    ends, before = _lines(drawn, layer)
    columns = _ordered(_columns(drawn, layer, ends), ends, before)
    unplaced = Layers(drawn, columns, {}, ends, layer, ports)
    return Layers(drawn, columns, _placed(unplaced, before), ends, layer, ports)


def height(ports: Sequence[str]) -> int:
    """Rows of a card with these ports: title, ports or parameters, state."""
    return 2 + max(len(ports), 1)


def _ports(item: Item, drawn: Sequence[str]) -> list[str]:
    """The ports of a card: each wire that is drawn; those of a list, or of many inputs, that are named stand as one."""
    lines = [wire.source for wire in item.wires if wire.source in drawn]
    return lines + [""] * len({wire.port for wire in item.wires if wire.source not in drawn})


def _layer(outline: Outline, drawn: Drawing) -> dict[str, int]:
    """As far left as what it reads allows, then as far right as its readers do."""
    place = {name: index for index, name in enumerate(drawn.rows)}
    reads = {
        name: [wire.source for wire in item.wires if place.get(wire.source, len(place)) < place[name]]
        for name, item in outline.items.items()
    }
    layer: dict[str, int] = {}
    for name in drawn.rows:
        layer[name] = 1 + max((layer[source] for source in reads[name]), default=-1)
    nearest: dict[str, int] = {}
    for name in reversed(drawn.rows):
        layer[name] = nearest.get(name, layer[name] + 1) - 1
        for source in reads[name]:
            nearest[source] = min(nearest.get(source, layer[name]), layer[name])
    return layer


def _lines(drawn: Drawing, layer: Mapping[str, int]) -> tuple[dict[Place, tuple[Place, ...]], dict[Place, list[Place]]]:
    """The lines layer by layer: place -> places in the next one, and back."""
    readers: dict[str, list[str]] = {}
    for name in drawn.rows:
        for source in drawn.lines[name]:
            readers.setdefault(source, []).append(name)
    ends: dict[Place, tuple[Place, ...]] = {}
    before: dict[Place, list[Place]] = {}
    for source, names in readers.items():
        last = max(layer[name] for name in names)
        for number in range(layer[source], last):
            here = Place(number, source, number > layer[source])
            found = [Place(number + 1, name) for name in names if layer[name] == number + 1]
            if number + 1 < last:
                found.append(Place(number + 1, source, True))
            ends[here] = tuple(found)
            for place in found:
                before.setdefault(place, []).append(here)
    return ends, before


def _columns(
    drawn: Drawing, layer: Mapping[str, int], ends: Mapping[Place, tuple[Place, ...]]
) -> tuple[tuple[Place, ...], ...]:
    columns: list[list[Place]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    for name in drawn.rows:
        columns[layer[name]].append(Place(layer[name], name))
    for place in ends:
        if place.passing:
            columns[place.layer].append(place)
    return tuple(map(tuple, columns))


def _ordered(
    columns: tuple[tuple[Place, ...], ...],
    ends: Mapping[Place, Sequence[Place]],
    before: Mapping[Place, Sequence[Place]],
) -> tuple[tuple[Place, ...], ...]:
    """Sorted by the mean place of what each is wired to, once from the left, once from the right, and so on."""
    found = list(columns)
    at = {place: float(index) for column in found for index, place in enumerate(column)}
    for sweep in range(_SWEEPS):
        wired = ends if sweep % 2 else before
        numbers = range(len(found)) if wired is before else reversed(range(len(found)))
        for number in numbers:
            means = {place: _mean([at[one] for one in wired.get(place, ())], at[place]) for place in found[number]}
            found[number] = tuple(sorted(found[number], key=means.__getitem__))
            at.update({place: float(index) for index, place in enumerate(found[number])})
    return tuple(found)


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _placed(found: Layers, before: Mapping[Place, Sequence[Place]]) -> dict[Place, int]:
    """Rows: as near as may be to the middle of what each is wired to, in the order of its layer."""
    y: dict[Place, int] = {}
    for column in found.columns:
        y.update(_spread(found, column, [0.0] * len(column)))
    for sweep in range(4):
        now = Layers(found.drawn, found.columns, y, found.ends, found.layer, found.ports)
        for column in found.columns if sweep % 2 == 0 else reversed(found.columns):
            wanted = [_wanted(now, place, before, sweep % 2 == 0) for place in column]
            y.update(_spread(found, column, wanted))
    least = min(y.values(), default=0)
    return {place: row - least for place, row in y.items()}


def _wanted(now: Layers, place: Place, before: Mapping[Place, Sequence[Place]], from_left: bool) -> float:
    """The uppermost row that makes the lines of a place straight."""
    if from_left:
        rows = [now.row_out(one) - now.rows_in(place, one.name)[0] for one in before.get(place, ())]
    else:
        rows = [now.rows_in(one, place.name)[0] - now.row_out(place) for one in now.ends.get(place, ())]
    return now.y[place] + (sorted(rows)[len(rows) // 2] if rows else 0)


def _spread(found: Layers, column: Sequence[Place], wanted: Sequence[float]) -> dict[Place, int]:
    """The rows nearest to those wanted, none above the one before: neighbours that want too much meet in the middle."""
    sizes = [1 if place.passing else height(found.ports[place.name]) + _GAP for place in column]
    offsets = list(accumulate(sizes, initial=0))[:-1]
    blocks: list[tuple[float, int]] = []
    for want, offset in zip(wanted, offsets, strict=True):
        mean, count = want - offset, 1
        while blocks and blocks[-1][0] > mean:
            other, several = blocks.pop()
            mean, count = (other * several + mean * count) / (several + count), several + count
        blocks.append((mean, count))
    rows = [round(mean) for mean, count in blocks for _ in range(count)]
    return {place: row + offset for place, row, offset in zip(column, rows, offsets, strict=True)}
