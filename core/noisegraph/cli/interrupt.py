"""Ctrl-C and SIGTERM: the first asks the run to stop after its step, the second stops it at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class Stop:
    """Whether somebody asked the run to stop."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self.asked = False
        self._tell = tell

    def ask(self, number: int, frame: FrameType | None) -> None:
        """The signals' handler."""
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        self._tell("stopping after this step; once more to stop at once")


@contextmanager
def interruptible(tell: Callable[[str], None]) -> Iterator[Stop]:
    """While the context lasts, signals ask the run to stop; `tell` is told of the first."""
    stop = Stop(tell)
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.signal(number, stop.ask) for number in SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
