"""One thing that a user can do, as data: bindings, footer, help and palette are made from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..app import NoisegraphApp


def _always(app: NoisegraphApp) -> str:
    return ""


@dataclass(frozen=True)
class Command:
    """A command of the whole interface; those of one pane are bindings of its widget."""

    id: str
    keys: str
    """As Textual names them, separated by commas; two letters in a row (`dd`) are pressed one after the other."""
    word: str
    help: str
    do: Callable[[NoisegraphApp], object]
    refusal: Callable[[NoisegraphApp], str] = _always
    """Why it cannot be done now; empty where it can."""
    priority: bool = False
    """Whether its keys act while a text field has the focus, too."""
    boxed: bool = False
    """Whether it opens a box; over another box it opens none."""
    shown: bool = False
    """Whether it stands in the footer where there is room."""

    @property
    def chords(self) -> tuple[str, ...]:
        """Its keys that are two letters."""
        return tuple(key for key in self.keys.split(",") if len(key) == 2 and key.isalpha() and key.islower())

    @property
    def single_keys(self) -> str:
        """Its keys that are one press."""
        return ",".join(key for key in self.keys.split(",") if key and key not in self.chords)
