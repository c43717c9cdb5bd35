"""What is said of nodes beside the graph: that they are muted, bypassed, or pinned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Pin:
    """A node and all that it reads, as they were: to run them again is to take them from the cache."""

    nodes: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Marks:
    """What is said of nodes beside the graph; the file does not hold it."""

    muted: frozenset[str] = frozenset()
    bypassed: frozenset[str] = frozenset()
    pinned: Mapping[str, Pin] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.muted or self.bypassed or self.pinned)

    def mute(self, nodes: Iterable[str]) -> Marks:
        """With these nodes muted, or heard again."""
        return replace(self, muted=self.muted ^ frozenset(nodes), bypassed=self.bypassed - frozenset(nodes))

    def bypass(self, nodes: Iterable[str]) -> Marks:
        """With these nodes bypassed, or passed through again."""
        return replace(self, bypassed=self.bypassed ^ frozenset(nodes), muted=self.muted - frozenset(nodes))

    def pin(self, node: str, pin: Pin | None) -> Marks:
        """With a node that stays as it was pinned, or with None follows the graph again."""
        others = {name: one for name, one in self.pinned.items() if name != node}
        return replace(self, pinned=others if pin is None else {**others, node: pin})

    def renamed(self, old: str, new: str) -> Marks:
        """After a node got another name."""
        muted, bypassed = (
            frozenset(new if name == old else name for name in names) for names in (self.muted, self.bypassed)
        )
        pinned = {new if name == old else name: _moved(pin, old, new) for name, pin in self.pinned.items()}
        return Marks(muted, bypassed, pinned)

    def within(self, nodes: Iterable[str]) -> Marks:
        """Without what is said of nodes that are no more."""
        left = frozenset(nodes)
        pinned = {name: pin for name, pin in self.pinned.items() if name in left}
        return Marks(self.muted & left, self.bypassed & left, pinned)


def _moved(pin: Pin, old: str, new: str) -> Pin:
    return Pin({new if name == old else name: node for name, node in pin.nodes.items()})
