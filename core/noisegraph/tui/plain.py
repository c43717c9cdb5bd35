"""The simplest views of a graph, of a picture, and of a node's parameters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from .outline import Item, Outline
from .state.node import GLYPHS, NodeState


class NodeList(Widget, can_focus=True):
    """One row a node, in the order of the file."""

    BINDINGS = [
        Binding("j,down", "move(1)", "Down", id="graph.down", show=False),
        Binding("k,up", "move(-1)", "Up", id="graph.up", show=False),
    ]

    @dataclass
    class Selected(Message):
        """The node under the cursor is another one."""

        node: str

    def __init__(self) -> None:
        super().__init__(id="graph")
        self._outline = Outline()
        self._states: Mapping[str, NodeState] = {}
        self._row = 0

    def show(self, outline: Outline) -> None:
        """Show a graph."""
        self._outline = outline
        self.refresh()

    def states(self, states: Mapping[str, NodeState]) -> None:
        """Show what is known of its nodes."""
        self._states = states
        self.refresh()

    def render(self) -> Content:
        """The rows."""
        return Content("\n").join(
            Content.styled(self._line(item), "reverse" if row == self._row else "")
            for row, item in enumerate(self._outline.items.values())
        )

    def _line(self, item: Item) -> str:
        state = self._states.get(item.name, NodeState())
        steps = f"{state.step}/{state.of}" if state.of else ""
        return f"{GLYPHS[state.kind]} {item.name:<14} {item.use:<18} {state.kind:<8} {steps} {state.why}"

    def _action_move(self, by: int) -> None:
        names = list(self._outline.items)
        if names:
            self._row = min(max(self._row + by, 0), len(names) - 1)
            self.post_message(self.Selected(names[self._row]))
            self.refresh()


class Picture(Widget):
    """The latest picture, in half blocks."""

    def __init__(self) -> None:
        super().__init__(id="preview")
        self._picture = (0, 0, b"")

    def show(self, width: int, height: int, rgb: bytes, step: int = 0, of: int = 0) -> None:
        """Show a picture of RGB bytes."""
        self._picture = (width, height, rgb)
        self.border_title = f"Preview · step {step}/{of}" if of else "Preview"
        self.refresh()

    def render(self) -> Content:
        """Two pixels a cell."""
        width, height, rgb = self._picture
        across, down = self.size
        scale = min(across / width, 2 * down / height) if width else 0
        columns, rows = int(width * scale), int(height * scale) // 2

        def colour(column: int, row: int) -> str:
            at = (min(int(row / scale), height - 1) * width + min(int(column / scale), width - 1)) * 3
            return f"#{rgb[at : at + 3].hex()}"

        return Content("\n").join(
            Content("").join(
                Content.styled("▀", f"{colour(column, 2 * row)} on {colour(column, 2 * row + 1)}")
                for column in range(columns)
            )
            for row in range(rows)
        )


class Parameters(Widget):
    """A node's parameters as they are written."""

    def __init__(self) -> None:
        super().__init__(id="inspector")
        self._item = Item("")

    def show(self, item: Item) -> None:
        """Show a node."""
        self._item = item
        self.border_title = Content(f"{item.name} · {item.use}")
        self.refresh()

    def render(self) -> Content:
        """The parameters, then what is wired."""
        values = [f"{name:<12} {json.dumps(value, ensure_ascii=False)}" for name, value in self._item.values.items()]
        wires = [f"{wire.port:<12} ← {wire.source}{'.' * bool(wire.field)}{wire.field}" for wire in self._item.wires]
        return Content("\n".join([*values, *wires]))
