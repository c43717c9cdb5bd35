"""The footer: the keys that act where the focus is, as many as there is room for, ten at most."""

from __future__ import annotations

from typing import NamedTuple

from textual import events
from textual.binding import Binding
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

MOST = 10
_ALWAYS = ("Prompt", "Run", "Palette", "Help")


class Hint(NamedTuple):
    """A key, the word for what it does, and the key's name for pressing it by a click."""

    key: str
    word: str
    press: str

    @property
    def width(self) -> int:
        """How many columns it takes."""
        return len(self.key) + len(self.word) + 3


class KeyFooter(Widget):
    """One line; a click on a word does what its key does."""

    def __init__(self) -> None:
        super().__init__()
        self._hints: list[Hint] = []

    def on_mount(self) -> None:
        """Follow the focus."""
        self.screen.bindings_updated_signal.subscribe(self, self._renew)
        self._renew(self.screen)

    def _renew(self, screen: Screen[object]) -> None:
        if not self.is_attached or screen is not self.screen:
            return
        hints = self._told(screen)
        if hints != self._hints:
            self._hints = hints
            self.refresh()

    def _told(self, screen: Screen[object]) -> list[Hint]:
        found: dict[str, Hint] = {}
        for key, active in screen.active_bindings.items():
            binding: Binding = active.binding
            told = binding.id or binding.action
            if binding.show and active.enabled and told not in found:
                found[told] = Hint(self.app.get_key_display(binding), binding.description, key)
        return list(found.values())

    def _fitting(self) -> list[Hint]:
        """The hints that fit whole: those of the focus first; what one cannot do without always."""
        always = [hint for hint in self._hints if hint.word in _ALWAYS]
        others = [hint for hint in self._hints if hint not in always]
        room = self.size.width - sum(hint.width for hint in always)
        chosen = []
        for hint in others[: MOST - len(always)]:
            room -= hint.width
            if room < 0:
                break
            chosen.append(hint)
        return [*chosen, *always]

    def render(self) -> Content:
        """The hints."""
        return Content("").join(
            Content.assemble((f" {hint.key} ", "$footer-key-foreground bold"), (f"{hint.word} ", "$footer-foreground"))
            for hint in self._fitting()
        )

    def on_click(self, event: events.Click) -> None:
        """Press the key of the word that was clicked."""
        at = 0
        for hint in self._fitting():
            at += hint.width
            if event.x < at:
                self.app.simulate_key(hint.press)
                return
