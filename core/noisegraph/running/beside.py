"""Tasks that do not want the run's device, run in threads beside those that do."""

from __future__ import annotations

import contextvars
import queue
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ..cut import RUN
from ..events import Event
from ..plan import Plan

READERS = 4
"""How many nodes that want no device run at once."""


class Beside:
    """Starts a task in a thread as soon as all that it reads is there; the run follows it when its turn comes."""

    def __init__(self, plan: Plan, states: bytearray) -> None:
        self._lanes: dict[int, str] = {}
        for number, task in enumerate(plan.tasks):
            if states[number] == RUN and (task.device or not task.spec.options.device):
                lane = (task.device or "") if task.spec.options.device else ""
                if lane != plan.device.name:
                    self._lanes[number] = lane
        if len(self._lanes) == states.count(RUN) and len(set(self._lanes.values())) == 1:
            self._lanes = {}  # nothing to run beside
        self._waiting: dict[int, int] = {}
        self._readers: dict[int, list[int]] = {}
        for number in self._lanes:
            above = set(plan.tasks[number].upstream())
            self._waiting[number] = len(above)
            for one in above:
                self._readers.setdefault(one, []).append(number)
        self._pools: dict[str, ThreadPoolExecutor] = {}
        self._started: dict[int, queue.SimpleQueue[Any]] = {}
        self._cancelled = False

    @property
    def waits(self) -> bool:
        """Whether tasks wait for values."""
        return bool(self._readers)

    @property
    def unblocked(self) -> list[int]:
        """The tasks that can start at once."""
        return [number for number, above in self._waiting.items() if not above]

    def ready(self, finished: int) -> list[int]:
        """The tasks that can start now that one more value is there."""
        ready = []
        for one in self._readers.pop(finished, ()):
            self._waiting[one] -= 1
            if not self._waiting[one]:
                ready.append(one)
        return ready

    def start(self, number: int, performance: Generator[Event, None, Any]) -> None:
        """Perform a task in its lane's thread."""
        lane = self._lanes[number]
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
        if number not in self._started:
            return None
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
