"""One line asked for: a title, a text field, and a hint."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Label

from .dialogs.dialog import Dialog


class Prompt(Dialog[str | None]):
    """Gives the text, or None where it was left."""

    DEFAULT_CSS = """
    Prompt {
        align: center middle;
        & > #prompt { width: 70%; max-width: 90; height: auto; }
        & > #prompt { border: round $accent; background: $surface; padding: 0 1; }
        & #prompt-hint { color: $text-muted; }
    }
    """
    BINDINGS = [Binding("escape", "leave", "Leave", id="prompt.leave")]

    def __init__(self, title: str, text: str = "", hint: str = "enter: take it · esc: leave") -> None:
        super().__init__()
        self._title, self._text, self._hint = title, text, hint

    def compose(self) -> ComposeResult:
        """The field in a box."""
        with Vertical(id="prompt") as box:
            box.border_title = Content(self._title)
            yield Input(self._text, id="prompt-text")
            yield Label(Content(self._hint), id="prompt-hint")

    def _on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value)

    def action_leave(self) -> None:
        """Leave without an answer."""
        self.dismiss(None)
