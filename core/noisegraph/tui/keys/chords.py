"""Two letters pressed one after the other (`dd`, `za`), and the digits before a command."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping

PATIENCE = 0.5
"""Seconds within which the second key comes."""


class Chords:
    """Waits for the second letter of a chord."""

    def __init__(self, chords: Mapping[str, str], clock: Callable[[], float] = time.monotonic) -> None:
        self.chords = dict(chords)
        """Two letters -> id of the command."""
        self._clock = clock
        self._first = ""
        self._since = 0.0

    @property
    def firsts(self) -> set[str]:
        """The letters that chords begin with."""
        return {chord[0] for chord in self.chords}

    @property
    def waiting(self) -> str:
        """The letter that waits for another; empty where none does."""
        return self._first if self._clock() - self._since <= PATIENCE else ""

    def begin(self, letter: str) -> None:
        """A first letter was pressed."""
        self._first, self._since = letter, self._clock()

    def expire(self) -> str:
        """The letter that waited longest enough, empty where none did; it waits no more."""
        if self.waiting:
            return ""
        first, self._first = self._first, ""
        return first

    def end(self, key: str) -> str:
        """The command of the letter that waits and this one; empty where they are none. Nothing waits any more."""
        first, self._first = self.waiting, ""
        return self.chords.get(first + key, "") if first else ""


class Count:
    """The number before a command: digits also go to panes, so it is what was pressed within a moment before."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._digits = ""
        self._since = 0.0

    def press(self, digit: str, follows: bool = True) -> None:
        """A digit was pressed; it begins another number where it does not follow a digit, or follows late."""
        fresh = not follows or self._clock() - self._since > PATIENCE
        self._digits = (("" if fresh else self._digits) + digit)[-2:]
        self._since = self._clock()

    def take(self) -> int:
        """The number, 1 where none was pressed in time; it counts once."""
        told = int(self._digits or 1) if self._clock() - self._since <= PATIENCE else 1
        self._digits = ""
        return max(told, 1)


def chords_of(keys: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Chord -> id, from id -> chords."""
    return {chord: name for name, chords in keys.items() for chord in chords}
