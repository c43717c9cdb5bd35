"""The panes of a screen: which are seen, which has the keys, and how one goes from one to another."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from textual.geometry import Offset
from textual.widget import Widget

from .awaiting import Awaiting

if TYPE_CHECKING:
    from .bottom import Bottom

BELOW = ("log", "problems", "queue", "results", "plugins")
"""The panes that stand below."""
_HOLDERS = {"body", "right", "bottom", "panes"}


class Panes(Awaiting):
    """One goes to a pane by its name; keys that are typed meanwhile are meant for it."""

    @cached_property
    def bottom(self) -> Bottom:
        """The panes below."""
        from .bottom import Bottom

        return Bottom()

    def pane(self, name: str) -> Widget | None:
        """The pane of this id, where it stands."""
        raise NotImplementedError

    def panes(self) -> list[Widget]:
        """All panes that have keys of their own and that stand."""
        return [widget for widget in self.query("*").results(Widget) if widget.id and widget.can_focus]

    def in_sight(self) -> dict[str, Widget | Offset]:
        """The places to jump to: panes that are seen, and the tabs of those that are not."""
        seen: dict[str, Widget | Offset] = {str(one.id): one for one in self.panes() if one.region.area}
        return seen | {name: place for name, place in self.bottom.tabs.places().items() if name not in seen}

    def go(self, name: str) -> None:
        """Go to a pane, showing it where it is hidden."""
        if self.maximized is not None and self.maximized.id != name:
            self.minimize()
        self.set_class(name == "preview", "-looking")
        self.set_class(name == "inspector", "-inspecting")
        if name in BELOW:
            self.bottom.open(name)
        self.set_class(name in BELOW, "-below")
        self.expect()
        self.call_after_refresh(self._focus, name)

    def _focus(self, name: str) -> None:
        pane = self.pane(name)
        if pane is not None:
            self.set_focus(pane)
        self.arrive()

    def go_if(self, name: str | None) -> None:
        """Go to a pane, where one was chosen."""
        if name:
            self.go(name)

    def zoom(self) -> None:
        """Give the focused pane the whole screen, or take it back."""
        if self.maximized is not None:
            self.minimize()
        elif self.focused is not None:
            self.maximize(self._pane_of(self.focused), container=False)

    def _pane_of(self, widget: Widget) -> Widget:
        pane = widget
        for one in widget.ancestors_with_self:
            if one.id in _HOLDERS:
                break
            if isinstance(one, Widget):
                pane = one
        return pane

    def back(self) -> None:
        """One level up."""
        if self.maximized is not None:
            self.minimize()
        else:
            self.go("graph")
