"""The runs that wait: each holds the graph as it was when it was asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

from ..link.lines import Message


@dataclass(frozen=True)
class Entry:
    """A run that is asked for: the worker's command, whole."""

    id: str
    title: str
    command: Message

    def told(self) -> dict[str, Any]:
        """As plain data, for the session's file."""
        return {"id": self.id, "title": self.title, "command": self.command}


@dataclass(frozen=True)
class Queue:
    """Entries in the order in which they will run."""

    entries: tuple[Entry, ...] = ()

    def add(self, *entries: Entry, front: bool = False) -> Self:
        """With more entries, last or first."""
        return replace(self, entries=entries + self.entries if front else self.entries + entries)

    def without(self, run: str) -> Self:
        """Without one entry."""
        return replace(self, entries=tuple(entry for entry in self.entries if entry.id != run))

    def moved(self, run: str, by: int) -> Self:
        """With one entry `by` places further down, or up where it is negative."""
        entries = list(self.entries)
        at = next((index for index, entry in enumerate(entries) if entry.id == run), None)
        if at is None:
            return self
        entry = entries.pop(at)
        entries.insert(min(max(at + by, 0), len(entries)), entry)
        return replace(self, entries=tuple(entries))

    def __len__(self) -> int:
        return len(self.entries)
