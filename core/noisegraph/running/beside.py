"""Tasks that do not want the run's device, run in threads beside those that do."""

from __future__ import annotations

import contextvars
import queue
from collections.abc import Collection, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from heapq import heappop, heappush
from typing import Any

from ..events import Event
from ..plan import Plan

READERS = 4
"""How many nodes that want no device run at once."""
AHEAD = 8
"""How many tasks of a lane may be under way or done before their turn: their values wait in memory."""


class Beside:
    """Starts a task in a thread as soon as all that it reads is there; the run follows it when its turn comes."""

    def __init__(self, plan: Plan, running: Collection[int]) -> None:
        self.lanes: dict[int, str] = {}
        """The tasks that may have to be started yet, and where they run."""
        for number in running:
            task = plan.tasks[number]
            if task.device or not task.spec.options.device:
                place = (task.device or "").partition("/")[0] or plan.device.name
                lane = place if task.spec.options.device else ""
                if lane != plan.device.name:
                    self.lanes[number] = lane
        if self.lanes and len(self.lanes) == len(running) and len(set(self.lanes.values())) == 1:
            self.lanes = {}  # nothing to run beside
        self._ready: dict[str, list[int]] = {lane: [] for lane in self.lanes.values()}
        self._ahead: dict[str, int] = dict.fromkeys(self._ready, 0)
        self._waiting: dict[int, int] = {}
        self._readers: dict[int, list[int]] = {}
        for number, lane in self.lanes.items():
            above = set(plan.tasks[number].upstream())
            self._waiting[number] = len(above)
            for one in above:
                self._readers.setdefault(one, []).append(number)
            if not above:
                heappush(self._ready[lane], number)
        self._pools: dict[str, ThreadPoolExecutor] = {}
        self._started: dict[int, queue.SimpleQueue[Any]] = {}
        self._cancelled = False

    def made(self, number: int) -> None:
        """One more value is there, for which tasks may have waited."""
        for one in self._readers.pop(number, ()):
            self._waiting[one] -= 1
            if not self._waiting[one] and one in self.lanes:
                heappush(self._ready[self.lanes[one]], one)

    def startable(self) -> Iterator[int]:
        """The tasks to start now: those whose turn comes first, as many as may be ahead of it."""
        for lane, ready in self._ready.items():
            while ready and self._ahead[lane] < AHEAD:
                number = heappop(ready)
                if number in self.lanes:
                    yield number

    def start(self, number: int, performance: Generator[Event, None, Any]) -> None:
        """Perform a task in its lane's thread."""
        lane = self.lanes[number]
        self._ahead[lane] += 1
        if lane not in self._pools:
            self._pools[lane] = ThreadPoolExecutor(READERS if lane == "" else 1, f"noisegraph {lane or 'reading'}")
        events: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._started[number] = events
        context = contextvars.copy_context()
        self._pools[lane].submit(context.run, self._perform, performance, events)

    def _perform(self, performance: Generator[Event, None, Any], events: queue.SimpleQueue[Any]) -> None:
        try:
            while not self._cancelled:
                events.put(("event", next(performance)))
        except StopIteration as done:
            events.put(("value", done.value))
        except BaseException as error:
            events.put(("error", error))
        finally:
            performance.close()

    def follow(self, number: int) -> Generator[Event, None, Any] | None:
        """The events of a task that was started, then its value; None for one that was not."""
        lane = self.lanes.pop(number, "")
        if number not in self._started:
            return None
        self._ahead[lane] -= 1
        return _follow(self._started.pop(number))

    def close(self) -> None:
        """Stop what still runs after its current step, and wait for it."""
        self._cancelled = True
        for pool in self._pools.values():
            pool.shutdown(wait=True, cancel_futures=True)


def _follow(events: queue.SimpleQueue[Any]) -> Generator[Event, None, Any]:
    while True:
        kind, item = events.get()
        if kind == "value":
            return item
        if kind == "error":
            raise item
        yield item
