"""The rails with what stands beside them: name, parameters, wires that are only named, state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ..outline import Outline
from .rails import Rails, Row, cells, rails, source, traced
from .scene import Scene
from .words import Part, fitted, summary, told

_SHARE = 0.4
"""How much of the pane the rails may take; what is wider is scrolled to the selected node."""
_NAME = 22
_NARROW, _WIDE = 46, 96


@dataclass
class RailPage:
    """One row for each node."""

    outline: Outline
    counts: Mapping[str, str] = field(default_factory=dict)
    """Node -> what stands for the nodes that are folded into it."""
    layout: Rails = field(init=False)
    _lit: tuple[str, Mapping[int, Mapping[int, bool]]] = ("", {})

    def __post_init__(self) -> None:
        self.layout = rails(self.outline)
        self._names = min(max(map(len, self.layout.index), default=0), _NAME)

    @property
    def order(self) -> tuple[str, ...]:
        """The nodes from top to bottom."""
        return tuple(self.layout.index)

    def size(self, width: int) -> tuple[int, int]:
        """As wide as the pane."""
        return width, len(self.layout.rows)

    def lines_of(self, node: str) -> range:
        """Its row."""
        row = self.layout.index.get(node, -1)
        return range(row, row + 1) if row >= 0 else range(0)

    def lines_lit(self, node: str) -> Iterator[int]:
        """Its row and those that its lines pass; all rows where selecting it moves the rails."""
        yield from self.lines_of(node)
        yield from traced(self.layout, node)

    def columns_of(self, node: str) -> range:
        """All of the pane: rails are never scrolled sideways as a whole."""
        return range(1)

    def node_at(self, x: int, y: int) -> str:
        """The node of that row."""
        return self.layout.rows[y].node if 0 <= y < len(self.layout.rows) else ""

    def line(self, y: int, width: int, scene: Scene) -> list[Part]:
        """Cursor, rails, name, parameters, named wires, state."""
        row = self.layout.rows[y]
        room = self.rail_columns(width)
        parts = [self._cursor(row.node, scene), *self._rails(y, row, room, scene), Part(" ")]
        state = _state_columns(width)
        left = width - 3 - room - state
        names = min(self._names, max(left, 0))
        parts += fitted([Part(row.node, scene.name(row.node))], names)
        parts += fitted([Part("  "), *self._told(row, width)], max(left - names, 0))
        return [*parts, Part(" "), *fitted(told(scene.state(row.node), state), state)]

    def rail_columns(self, width: int) -> int:
        """How many columns the rails have."""
        return max(min(self.layout.width, int(width * _SHARE)), 1)

    def shift(self, width: int, selected: str) -> int:
        """How far the rails are scrolled so that the selected node's lane is seen."""
        room = self.rail_columns(width)
        if self.layout.width <= room or selected not in self.layout.index:
            return 0
        lane = 2 * self.layout.rows[self.layout.index[selected]].lane
        return max(0, min(lane - room // 2, self.layout.width - room)) if lane >= room - 1 else 0

    def _rails(self, y: int, row: Row, room: int, scene: Scene) -> Iterator[Part]:
        lit = self._traced(scene.selected).get(y, {})
        glyph = scene.glyph(row.node)
        start = self.shift(int(room / _SHARE), scene.selected) if self.layout.width > room else 0
        drawn = cells(row, glyph.text)
        for column in range(start, start + room):
            if column >= len(drawn):
                yield Part(" " * (start + room - column))
                return
            cell = drawn[column]
            if column == 2 * row.lane:
                yield glyph
            else:
                yield Part(cell.text, "rail" if column not in lit else "own" if lit[column] else "read")

    def _traced(self, node: str) -> Mapping[int, Mapping[int, bool]]:
        if self._lit[0] != node:
            self._lit = node, traced(self.layout, node)
        return self._lit[1]

    def _told(self, row: Row, width: int) -> Iterator[Part]:
        item = self.outline.items[row.node]
        if row.node in self.counts:
            yield Part(self.counts[row.node], "fold")
            return
        if width >= _WIDE:
            yield from fitted([Part(item.use, "use")], 20)
            yield Part("  ")
        text = summary(self.outline, item)
        if text or width < _WIDE:
            yield Part(text or item.use, "value" if text else "use")
        for wire in row.chips:
            yield Part(f" ⟵ {source(wire)}", "chip")

    def _cursor(self, node: str, scene: Scene) -> Part:
        if node == scene.selected:
            return Part("▌", "cursor")
        return Part("•", "mark") if node in scene.marked else Part(" ")


def _state_columns(width: int) -> int:
    return 17 if width >= 60 else 12 if width >= _NARROW else 7
