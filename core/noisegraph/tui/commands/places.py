"""Going to panes: by digit, by zoom, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .command import Command

if TYPE_CHECKING:
    from ..app import NoisegraphApp

PANES = {
    "graph": ("1", "Graph"),
    "preview": ("2", "Preview"),
    "queue": ("3", "Queue"),
    "results": ("4", "Results"),
    "log": ("5", "Log"),
    "plugins": ("6", "Plugins"),
    "problems": ("7", "Problems"),
    "inspector": ("0", "Node"),
}
"""Id of a pane: the digit that goes there, and what it is called."""


def _go(pane: str) -> Callable[[NoisegraphApp], object]:
    return lambda app: app.main.go(pane)


COMMANDS = (
    *(
        Command(f"pane.{pane}", key, name, f"Go to the pane: {name.lower()}.", _go(pane))
        for pane, (key, name) in PANES.items()
    ),
    Command("graph.fold_chord", "za", "Fold", "Fold what only this node needs, or open its fold.",
            lambda app: app.main.graph.action_fold()),
    Command("pane.zoom", "z,f11", "Zoom", "Give the pane the whole screen, and take it back.",
            lambda app: app.main.zoom()),
    Command("pane.back", "escape", "Back", "One level up: from zoom, from an overlay, to the graph.",
            lambda app: app.main.back()),
    Command("pane.jump", "ctrl+o", "Jump", "Show a letter on each pane, and go where one is pressed.",
            lambda app: app.jump(), priority=True, boxed=True),
)  # fmt: skip
