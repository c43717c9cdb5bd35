"""A node's ports as they are written."""

from __future__ import annotations

import json

from textual.content import Content
from textual.widget import Widget

from .outline import Item


class Parameters(Widget, can_focus=True):
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
