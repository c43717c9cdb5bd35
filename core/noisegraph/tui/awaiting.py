"""A screen that awaits who is to have the keys next: what is typed until then is held."""

from __future__ import annotations

from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer

PATIENCE = 3.0
"""Seconds that keys are held at most."""


class Awaiting(Screen[None]):
    """Counts what does not have the keys yet: panes that were gone to, editors, boxes that an answer leads to."""

    class Arrived(Message):
        """What was awaited last has the focus."""

    def __init__(self) -> None:
        super().__init__()
        self._late = Timer(self, PATIENCE)
        self.going = 0
        """How much is awaited; keys are meant for the last."""

    def expect(self) -> None:
        """Something is to have the keys that does not have them yet."""
        self.going += 1
        self._late.stop()
        self._late = self.set_timer(PATIENCE, self._give_up)

    def arrive(self) -> None:
        """It has them; nobody may wait for it any more."""
        if self.going:
            self.going -= 1
            if not self.going:
                self._late.stop()
                self.post_message(self.Arrived())

    def _give_up(self) -> None:
        """What should have the keys went before it got them: they are for what has the focus."""
        self.going = min(self.going, 1)
        self.arrive()
