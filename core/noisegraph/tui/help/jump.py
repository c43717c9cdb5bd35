"""Letters on the panes: the one that is pressed says where to go."""

from __future__ import annotations

from collections.abc import Mapping

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.geometry import Offset
from textual.widget import Widget
from textual.widgets import Label

from ..dialogs.dialog import Dialog

_LETTERS = "asdfghjklqwertyuiop"


class JumpScreen(Dialog[str | None]):
    """Gives the id of a pane, or None."""

    DEFAULT_CSS = """
    JumpScreen {
        align: left top;
        background: transparent;
        & > .jump { position: absolute; background: $accent; color: $background; text-style: bold; width: 3; }
    }
    """
    BINDINGS = [Binding("escape", "leave", "Leave", id="jump.leave")]

    def __init__(self, panes: Mapping[str, Widget | Offset]) -> None:
        super().__init__()
        self._panes = dict(zip(_LETTERS, panes.items(), strict=False))

    def compose(self) -> ComposeResult:
        """A letter at the corner of each pane."""
        for letter, (_, place) in self._panes.items():
            label = Label(f" {letter} ", classes="jump")
            label.styles.offset = place if isinstance(place, Offset) else place.region.offset
            yield label

    def on_key(self, event: events.Key) -> None:
        """Go where the letter says."""
        if event.key in self._panes:
            event.stop()
            self.dismiss(self._panes[event.key][0])

    def action_leave(self) -> None:
        """Stay where it was."""
        self.dismiss(None)
