"""A screen over the others that asks or tells something, and is left once."""

from __future__ import annotations

from typing import Generic, TypeVar

from textual.await_complete import AwaitComplete
from textual.message import Message
from textual.screen import ModalScreen

from ..awaiting import Awaiting

T = TypeVar("T")


class Dialog(ModalScreen[T], Generic[T]):
    """Keys that are typed before it stands are meant for it; one that leaves it, typed twice, leaves nothing else.

    Textual takes away whatever screen is on top then, the main one at last.
    """

    settled = False
    """Whether it has the keys."""

    class Settled(Message):
        """What is on top has them."""

    def on_screen_resume(self) -> None:
        """It stands, and what is typed into first has the focus after this."""
        self.call_after_refresh(self.settle)

    def settle(self) -> None:
        """Take the keys."""
        self.settled = True
        self.app.post_message(self.Settled())

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        """Leave, with an answer."""
        if not self.is_active:
            return AwaitComplete()
        below, asked = self.app.screen_stack[0], self._result_callbacks[-1].requester
        left = super().dismiss(result)
        if isinstance(below, Awaiting):  # what is typed is meant for what the answer leads to
            below.expect()
            asked.call_next(below.arrive)
        return left
