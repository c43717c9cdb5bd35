"""The line that says that the worker is gone, and what to do."""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from ..state.store import Store


class Banner(Widget):
    """Seen only while there is no worker."""

    class Pressed(Message):
        """The banner was clicked: the worker is to be restarted."""

    def __init__(self) -> None:
        super().__init__()
        self._text = ""

    def show(self, store: Store) -> None:
        """Show how the worker is."""
        self.display = store.health == "dead"
        kept = f" Queue kept ({len(store.queue)})." if store.queue.entries else ""
        text = f" ✖ worker {store.why_dead}. F9 restart.{kept}"
        if text != self._text:
            self._text = text
            self.refresh()

    def render(self) -> Content:
        """The line."""
        return Content(self._text)

    def on_click(self, event: events.Click) -> None:
        """A click restarts the worker."""
        self.post_message(self.Pressed())
