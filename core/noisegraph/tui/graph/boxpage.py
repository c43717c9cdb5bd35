"""The boxes with what stands in them: glyph and name, ports or parameters, state or progress."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ..outline import Outline
from .boxes import Boxes, Card, boxes, glyph
from .rails import source
from .scene import Scene
from .words import Part, fitted, progress, summary, told


@dataclass
class BoxPage:
    """Cards from left to right."""

    outline: Outline
    counts: Mapping[str, str] = field(default_factory=dict)
    layout: Boxes = field(init=False)

    def __post_init__(self) -> None:
        self.layout = boxes(self.outline)
        layers = self.layout.layers
        self.order = tuple(place.name for column in layers.columns for place in column if not place.passing)
        self._at: dict[int, list[str]] = {}
        for name, card in self.layout.cards.items():
            for y in range(card.y, card.y + card.height):
                self._at.setdefault(y, []).append(name)
        self._leaving = {place.name for place in layers.ends if not place.passing}
        self._inside = {name: self._ports(name) for name in self.order}

    def size(self, width: int) -> tuple[int, int]:
        """As large as the drawing."""
        return self.layout.width, self.layout.height

    def lines_of(self, node: str) -> range:
        """The rows of its card."""
        card = self.layout.cards.get(node)
        return range(card.y, card.y + card.height) if card else range(0)

    def lines_lit(self, node: str) -> Iterator[int]:
        """The rows of its card, and those of its lines."""
        yield from self.lines_of(node)
        lit = {node, *self.layout.layers.drawn.lines.get(node, ())}
        yield from (y for y, row in self.layout.wires.items() if any(not lit.isdisjoint(here) for here in row.values()))

    def columns_of(self, node: str) -> range:
        """The columns of its card."""
        card = self.layout.cards.get(node)
        return range(card.x, card.x + card.width) if card else range(1)

    def node_at(self, x: int, y: int) -> str:
        """The node whose card is there."""
        names = (name for name in self._at.get(y, ()) if x in self.columns_of(name))
        return next(names, "")

    def line(self, y: int, width: int, scene: Scene) -> list[Part]:
        """Cards and lines of a row."""
        pieces = [(self.layout.cards[name].x, self._card(name, y, scene)) for name in self._at.get(y, ())]
        covered = {x for name in self._at.get(y, ()) for x in self.columns_of(name)}
        lines = self.layout.layers.drawn.lines.get(scene.selected, ())
        for x, here in self.layout.wires.get(y, {}).items():
            if x not in covered:
                text, name = glyph(here)
                kind = "own" if name == scene.selected else "read" if name in lines else "rail"
                pieces.append((x, [Part(text, kind)]))
        parts: list[Part] = []
        at = 0
        for x, piece in sorted(pieces, key=lambda one: one[0]):
            parts += [Part(" " * (x - at)), *piece] if x > at else piece
            at = x + sum(len(part.text) for part in piece)
        return [*parts, Part(" " * max(width - at, 0))]

    def _card(self, name: str, y: int, scene: Scene) -> list[Part]:
        card = self.layout.cards[name]
        row, inner = y - card.y, card.width - 2
        edge = "cursor" if name == scene.selected else "mark" if name in scene.marked else "rail"
        if row == 0:
            title = [scene.glyph(name), Part(" "), Part(name, scene.name(name)), Part(" ")]
            return [Part("╭─ ", edge), *_ruled(title, card.width - 4, edge), Part("╮", edge)]
        if row == card.height - 1:
            return self._foot(name, card, scene, edge)
        text = self._inside[name][row - 1] if self._inside[name] else [Part(self._summary(name), "value")]
        ports = self.layout.layers.ports[name]
        drawn = row <= len(ports) and bool(ports[row - 1])
        leaves = row == 1 and name in self._leaving
        return [
            Part("┤" if drawn else "│", edge),
            *fitted([Part(" "), *text], inner),
            Part("├" if leaves else "│", edge),
        ]

    def _foot(self, name: str, card: Card, scene: Scene, edge: str) -> list[Part]:
        state = scene.state(name)
        if state.kind == "running" and state.of:
            return [Part("╰", edge), *progress(state, card.width - 2), Part("╯", edge)]
        word = told(state, card.width - 6)
        if not word[0].text:
            return [Part("╰" + "─" * (card.width - 2) + "╯", edge)]
        return [Part("╰─ ", edge), *_ruled([*word, Part(" ")], card.width - 4, edge), Part("╯", edge)]

    def _summary(self, name: str) -> str:
        if name in self.counts:
            return self.counts[name]
        item = self.outline.items[name]
        return summary(self.outline, item) or item.use

    def _ports(self, name: str) -> list[list[Part]]:
        """The lines of a card: first ports that lines lead to, then those that are named."""
        drawn = self.layout.layers.drawn.lines[name]
        wires = self.outline.items[name].wires
        lines = [[Part(wire.port)] for wire in wires if wire.source in drawn]
        named: dict[str, list[str]] = {}
        for wire in wires:
            if wire.source not in drawn:
                value = self.outline.inputs.get(wire.source) if wire.source not in self.outline.items else None
                named.setdefault(wire.port, []).append(source(wire) if value is None else f"{value}")
        return lines + [[Part(f"{port} ", "value"), Part(" ".join(told), "chip")] for port, told in named.items()]


def _ruled(parts: list[Part], width: int, edge: str) -> list[Part]:
    """The parts, and a line up to so many columns."""
    room = width - sum(len(part.text) for part in parts)
    return [*parts, Part("─" * room, edge)] if room >= 0 else fitted(parts, width)
