"""What is known of one node: where it stands in the run that is on, or what the next run would do with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal[
    "unknown", "pending", "queued", "running", "done", "cached", "stale", "failed", "blocked", "muted", "bypassed"
]

GLYPHS: dict[Kind, str] = {
    "unknown": "·",
    "pending": "○",
    "queued": "◌",
    "running": "◐",
    "done": "●",
    "cached": "◆",
    "stale": "◇",
    "failed": "✖",
    "blocked": "⊗",
    "muted": "⊘",
    "bypassed": "↷",
}
"""Each state has a shape of its own, so that none is told by colour alone."""


@dataclass(frozen=True)
class NodeState:
    """One node's state; `why` says in words what made it so."""

    kind: Kind = "unknown"
    why: str = ""
    step: int = 0
    of: int = 0
    """Steps of its loop; 0 for a node that is no loop."""
    its: float | None = None
    """Steps a second."""
    eta: float | None = None
    """Seconds left."""
    seconds: float | None = None
    """How long it took, or took when it last ran."""
    held: int = 0
    """Bytes of its value in the worker's memory."""
