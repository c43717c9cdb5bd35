"""The log's lines: the newest hundred thousand, and those among them that a filter lets through."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Level: TypeAlias = Literal["info", "warn", "error"]
LEVELS: tuple[Level, ...] = ("info", "warn", "error")
MOST = 100_000
_SLACK = 5_000
"""Lines beyond the most, so that the oldest are dropped many at a time."""


@dataclass(frozen=True)
class Line:
    """One line: when, how grave, of which node, and what."""

    when: float
    level: Level
    node: str
    text: str

    @property
    def clock(self) -> str:
        """The time of day."""
        return time.strftime("%H:%M:%S", time.localtime(self.when))

    @property
    def shown(self) -> str:
        """The whole line, as it is saved."""
        return f"{self.clock} {self.level.upper():<5} {self.node:<12} {self.text}"


@dataclass(frozen=True)
class Filter:
    """What is to be seen: lines at least so grave, of one node, that hold a text."""

    level: Level = "info"
    node: str = ""
    text: str = ""

    def admits(self, line: Line) -> bool:
        """Whether the line is seen."""
        return (
            LEVELS.index(line.level) >= LEVELS.index(self.level)
            and (not self.node or line.node == self.node)
            and (not self.text or self.text.lower() in line.text.lower() or self.text.lower() in line.node.lower())
        )


class Ring:
    """All lines, and those that are seen; numbers of seen lines count from the oldest that is kept."""

    def __init__(self, most: int = MOST, clock: Callable[[], float] = time.time) -> None:
        self._most = most
        self._clock = clock
        self.lines: list[Line] = []
        self.seen: list[Line] = self.lines
        self.filter = Filter()

    def add(self, texts: Iterable[str], level: Level = "info", node: str = "") -> None:
        """Append texts, each a line; the oldest go when there are too many."""
        now = self._clock()
        new = [Line(now, level, node, part) for text in texts for part in text.splitlines() or [""]]
        self.lines.extend(new)
        if self.seen is not self.lines:
            self.seen.extend(filter(self.filter.admits, new))
        if len(self.lines) > self._most + _SLACK:
            del self.lines[: -self._most]
            self.admit(self.filter)

    def admit(self, chosen: Filter) -> None:
        """See only what the filter admits."""
        self.filter = chosen
        self.seen = self.lines if chosen == Filter() else list(filter(chosen.admits, self.lines))

    def find(self, text: str, start: int, way: int) -> int | None:
        """The next seen line that holds the text, from `start` on, round the end; None where none does."""
        count = len(self.seen)
        wanted = text.lower()
        for step in range(count):
            at = (start + way * step) % count
            if wanted in self.seen[at].text.lower():
                return at
        return None
