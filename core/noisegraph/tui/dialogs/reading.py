"""A text to read: the documentation of a node, the trouble of a plugin."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from .dialog import Dialog


class Reading(Dialog[None]):
    """Scrolls, and goes."""

    DEFAULT_CSS = """
    Reading { align: center middle; background: $background 60%; }
    Reading > VerticalScroll {
        width: 100; max-width: 96%; height: auto; max-height: 90%; scrollbar-size-vertical: 1;
        border: round $accent; background: $surface; padding: 0 1;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "leave", "Leave", id="reading.leave"),
        Binding("j", "scroll(1)", "Down", show=False, id="reading.down"),
        Binding("k", "scroll(-1)", "Up", show=False, id="reading.up"),
    ]

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title, self._text = title, text

    def compose(self) -> ComposeResult:
        """The text in a box."""
        with VerticalScroll() as box:
            box.border_title = Content(self._title)
            box.border_subtitle = Content("↑ ↓ scroll · esc leave")
            yield Static(Content(self._text))

    def action_scroll(self, by: int) -> None:
        """Scroll by lines."""
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)

    def action_leave(self) -> None:
        """Go back."""
        self.dismiss(None)
