"""What is drawn over a layout and changes while it stays: states, the selection, marks, and what was searched for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ..state.node import GLYPHS, NodeState
from .words import Part

_UNKNOWN = NodeState()


@dataclass(frozen=True)
class Scene:
    """The states of nodes and where the user is."""

    states: Mapping[str, NodeState] = field(default_factory=dict)
    selected: str = ""
    marked: frozenset[str] = frozenset()
    found: frozenset[str] = frozenset()

    def state(self, node: str) -> NodeState:
        """What is known of the node."""
        return self.states.get(node, _UNKNOWN)

    def glyph(self, node: str) -> Part:
        """The shape that stands for the node."""
        kind = self.state(node).kind
        return Part(GLYPHS[kind], kind)

    def name(self, node: str) -> str:
        """How the node's name looks."""
        return "found" if node in self.found else "name"


class Page(Protocol):
    """One way to draw a graph; made anew when the graph changes, not when states do."""

    counts: Mapping[str, str]
    """Node -> what stands for the nodes that are folded into it."""

    @property
    def order(self) -> tuple[str, ...]:
        """The nodes as one goes through them."""

    def size(self, width: int) -> tuple[int, int]:
        """Columns and lines, in a pane of that width."""

    def line(self, y: int, width: int, scene: Scene) -> list[Part]:
        """One line of the drawing."""

    def lines_of(self, node: str) -> range:
        """The lines whose look the node's state decides."""

    def lines_lit(self, node: str) -> Iterator[int]:
        """The lines that change when the node is selected, or no longer so."""

    def columns_of(self, node: str) -> range:
        """Where the node stands, so that it can be scrolled into view."""

    def node_at(self, x: int, y: int) -> str:
        """The node that is drawn there, or nothing."""
