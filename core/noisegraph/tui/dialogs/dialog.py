"""A screen over the others that asks or tells something, and is left once."""

from __future__ import annotations

from typing import Generic, TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen

T = TypeVar("T")


class Dialog(ModalScreen[T], Generic[T]):
    """A key that leaves it and was typed before it was gone finds nothing to leave.

    Textual takes away whatever screen is on top then, the main one at last.
    """

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        """Leave, with an answer."""
        return super().dismiss(result) if self.is_active else AwaitComplete()
