"""The names of the panes below on one line; a click opens one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.geometry import Offset
from textual.message import Message
from textual.widget import Widget


@dataclass(frozen=True)
class Tab:
    """A pane's id, its digit, and what it is called now."""

    name: str
    key: str
    title: str
    urgent: bool = False

    @property
    def shown(self) -> str:
        """`[5] Log`."""
        return f" [{self.key}] {self.title} "


class Tabs(Widget):
    """One line."""

    @dataclass
    class Opened(Message):
        """A tab was clicked."""

        name: str

    def __init__(self) -> None:
        super().__init__()
        self._tabs: Sequence[Tab] = ()
        self._open = ""

    def show(self, tabs: Sequence[Tab]) -> None:
        """Show tabs."""
        if tabs != self._tabs:
            self._tabs = tabs
            self.refresh()

    def mark(self, name: str) -> None:
        """The tab that is open."""
        self._open = name
        self.refresh()

    def places(self) -> dict[str, Offset]:
        """Where on the screen each tab begins."""
        found, at = {}, self.region.offset
        for tab in self._tabs:
            found[tab.name] = at
            at = at + Offset(len(tab.shown) + 1, 0)
        return found

    def render(self) -> Content:
        """The tabs, the open one in reverse."""
        return Content("│").join(Content.styled(tab.shown, self._style(tab)) for tab in self._tabs)

    def _style(self, tab: Tab) -> str:
        if tab.name == self._open:
            return "bold reverse"
        return "$text-error bold" if tab.urgent else "$text-muted"

    def on_click(self, event: events.Click) -> None:
        """Open the tab that was clicked."""
        at = 0
        for tab in self._tabs:
            at += len(tab.shown) + 1
            if event.x < at:
                self.post_message(self.Opened(tab.name))
                return
