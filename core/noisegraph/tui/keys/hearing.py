"""Keys before any widget sees them: those that begin or end a chord, and digits that count."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .chords import Chords, Count


class Hearing:
    """Hears each key; `act` is told the id of a command."""

    def __init__(self, chords: Mapping[str, str], alone: Mapping[str, str], act: Callable[[str], None]) -> None:
        self.at = 0.0
        """When the latest key was pressed: on a busy machine it is heard later, and so are all before it."""
        self.chords = Chords(chords, lambda: self.at)
        self.count = Count(lambda: self.at)
        self._alone = alone
        """Key -> id, for letters that are commands and also begin chords."""
        self._act = act
        self._heard = ""
        """The key before."""

    def hear(self, key: str) -> bool:
        """Whether the key is taken, and nobody else is to hear it."""
        if key.isdigit():
            self.count.press(key, follows=self._heard.isdigit())
        self._heard = key
        self._single(self.chords.expire())  # on a busy machine the key is heard before the end of the patience is
        waiting = self.chords.waiting
        if waiting:
            name = self.chords.end(key)
            if name:
                self._act(name)
                return True
            self._single(waiting)
        if key in self.chords.firsts:
            self.chords.begin(key)
            return True
        return False

    def expire(self, now: float) -> None:
        """Nothing came after the letter that waits: it was meant alone."""
        self.at = max(self.at, now)
        self._single(self.chords.expire())

    def _single(self, letter: str) -> None:
        name = self._alone.get(letter)
        if name:
            self._act(name)
