"""What arrives often, handed on at most so many times a second and nothing of it lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


class Pace(Generic[T]):
    """Collects items; the first after a quiet time is handed on at once, those that follow together."""

    def __init__(self, per_second: float, deliver: Callable[[list[T]], None]) -> None:
        self._interval = 1 / per_second
        self._deliver = deliver
        self._items: list[T] = []
        self._due: asyncio.TimerHandle | None = None
        self._last = float("-inf")

    def add(self, items: Iterable[T]) -> None:
        """Take items in."""
        self._items.extend(items)
        if self._items and self._due is None:
            loop = asyncio.get_running_loop()
            self._due = loop.call_at(max(self._last + self._interval, loop.time()), self.flush)

    def flush(self) -> None:
        """Hand on what there is, now."""
        if self._due is not None:
            self._due.cancel()
            self._due = None
        if not self._items:
            return
        items, self._items = self._items, []
        self._deliver(items)
        self._last = asyncio.get_running_loop().time()
