"""Which runs are asked for, and whether one may go on: paused, stepped and cancelled from another thread."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable


class Gate:
    """What the runs of one worker pass between steps."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._pending: Counter[str] = Counter()
        """The runs that wait or are on; of those without an id there may be several."""
        self._cancelled: set[str] = set()
        self._paused = False
        self._steps = 0
        self._closed = False
        self._nudged = False

    @property
    def closed(self) -> bool:
        """Whether no run may go on any more."""
        return self._closed

    def may_go_on(self, run: str, aside: Callable[[], None] = lambda: None) -> bool:
        """Waits while runs are paused; False once the run is cancelled or the gate is closed.

        What is to be done beside the run, `aside`, is done before, and again after every nudge.
        """
        while True:
            aside()
            with self._changed:
                while self._held(run) and not self._nudged:
                    self._changed.wait()
                self._nudged = False
                if not self._held(run):
                    self._steps = max(self._steps - 1, 0)
                    return not self._closed and run not in self._cancelled

    def _held(self, run: str) -> bool:
        return self._paused and not self._steps and not self._closed and run not in self._cancelled

    def nudge(self) -> None:
        """There is something to do beside the run."""
        with self._changed:
            self._nudged = True
            self._changed.notify_all()

    def admit(self, run: str) -> bool:
        """Whether a run of this id may be asked for: there is none that waits or is on."""
        with self._changed:
            if run and self._pending[run]:
                return False
            self._pending[run] += 1
            return True

    def cancel(self, run: str) -> None:
        """The run is to stop, begun or not; one that ended, or that nobody asked for, is nothing to stop."""
        with self._changed:
            if self._pending[run]:
                self._cancelled.add(run)
                self._changed.notify_all()

    def cancelled(self, run: str) -> bool:
        """Whether the run was to stop."""
        with self._changed:
            return run in self._cancelled

    def leave(self, run: str) -> None:
        """The run has ended; another may have its id."""
        with self._changed:
            self._pending[run] -= 1
            if self._pending[run] <= 0:
                del self._pending[run]
                self._cancelled.discard(run)

    def pause(self) -> None:
        """Runs are to wait before their next step."""
        with self._changed:
            self._paused, self._steps = True, 0

    def resume(self) -> None:
        """Runs are to go on."""
        with self._changed:
            self._paused, self._steps = False, 0
            self._changed.notify_all()

    def step(self) -> None:
        """One event more, while paused."""
        with self._changed:
            self._steps += 1
            self._changed.notify_all()

    def close(self) -> None:
        """No run may go on."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
