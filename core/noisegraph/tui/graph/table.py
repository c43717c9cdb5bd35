"""A graph as a table: a line for each node with its type, what it reads, its state and why it is so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ...quantities import duration
from ..outline import Outline
from .order import drawing
from .rails import source
from .scene import Scene
from .words import Part, fitted, summary

_TITLES = ("node", "type", "reads", "parameters", "state", "time")


@dataclass
class TablePage:
    """The head line, then one line for each node in the order of the rails."""

    outline: Outline
    counts: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.order = drawing(self.outline).rows
        self._line = {name: index + 1 for index, name in enumerate(self.order)}
        self._reads = {name: self._read(name) for name in self.order}

    def size(self, width: int) -> tuple[int, int]:
        """As wide as the pane."""
        return width, len(self.order) + 1

    def lines_of(self, node: str) -> range:
        """Its line."""
        line = self._line.get(node, 0)
        return range(line, line + 1) if line else range(0)

    def lines_lit(self, node: str) -> Iterator[int]:
        """Its line."""
        yield from self.lines_of(node)

    def columns_of(self, node: str) -> range:
        """All of the pane."""
        return range(1)

    def node_at(self, x: int, y: int) -> str:
        """The node of that line."""
        return self.order[y - 1] if 1 <= y <= len(self.order) else ""

    def line(self, y: int, width: int, scene: Scene) -> list[Part]:
        """The head, or a node."""
        if y == 0:
            return self._laid([[Part(title, "head")] for title in _TITLES], Part("   "), width)
        name = self.order[y - 1]
        item, state = self.outline.items[name], scene.state(name)
        told = f"{state.step}/{state.of}" if state.kind == "running" and state.of else state.kind
        why = [Part(f" {state.why}", "value")] if state.why else []
        mark = Part("▌" if name == scene.selected else "•" if name in scene.marked else " ", "cursor")
        seconds = duration(state.seconds) if state.seconds is not None else ""
        columns = [
            [Part(name, scene.name(name))],
            [Part(item.use, "use")],
            [Part(self._reads[name], "chip")],
            [Part(self.counts.get(name) or summary(self.outline, item), "value")],
            [Part(told if state.kind != "unknown" else "", state.kind), *why],
            [Part(seconds.rjust(9), "value")],
        ]
        glyph = scene.glyph(name)
        return self._laid(columns, mark, width, glyph)

    def _laid(self, columns: list[list[Part]], mark: Part, width: int, glyph: Part | None = None) -> list[Part]:
        parts = [mark] if glyph is None else [mark, glyph, Part(" ")]
        for column, (size, parts_of) in enumerate(zip(_sizes(width - 3, self.order), columns, strict=True)):
            if size:
                parts += [*fitted(parts_of, size), Part(" " if column < len(columns) - 1 else "")]
        return fitted(parts, width)

    def _read(self, name: str) -> str:
        wires = self.outline.items[name].wires
        return " ".join(dict.fromkeys(source(wire) for wire in wires if wire.source in self.outline.items))


def _sizes(width: int, names: tuple[str, ...]) -> list[int]:
    """The columns' widths: the less needed go first where there is little room."""
    name = min(max(map(len, names), default=4), 20)
    sizes = [name, 16, 0, 0, 11, 9]
    left = width - sum(sizes) - len(sizes)
    if left < 0:
        sizes[1] = 0
        left = width - sum(sizes) - len(sizes)
    if left > 16:
        sizes[2] = left * 3 // 10
        sizes[3] = left * 3 // 10
        sizes[4] += left - sizes[2] - sizes[3]
    elif left > 0:
        sizes[4] += left
    return sizes
