"""What a loop's steps depend on, found while planning: the cheap nodes above it are called, the others only named."""

from __future__ import annotations

from typing import Any

from . import keys
from .errors import said
from .keys import Provenance
from .loop import Later, Loop
from .plan import Plan
from .running.drive import step_keys, stored_steps
from .store.cache import Cache
from .task import Read, Task


class UnreadableLoopError(Exception):
    """A loop of which it cannot be told what its steps read."""


class Early:
    """The values of a plan's early nodes; what is not early is a `Later`."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.provenance = Provenance()
        self._values: dict[int, Any] = {}

    def loop(self, number: int) -> Loop[Any] | None:
        """The loop of a task, or None where it cannot be known before the run."""
        import networkx

        if not self.plan.tasks[number].spec.options.early:
            return None
        for above in sorted(networkx.ancestors(self.plan.dag, number) - self._values.keys()):
            self._values[above] = value = self._value(self.plan.tasks[above])
            self.provenance.add(value, self.plan.tasks[above].key)
        found = self._value(self.plan.tasks[number])
        return found if isinstance(found, Loop) else None

    def steps(self, number: int, cache: Cache) -> tuple[int, int] | None:
        """Of a loop, how many steps are stored and how many there are; None where that cannot be known.

        Raises UnreadableLoopError where the node's author says wrongly what its steps read.
        """
        loop = self.loop(number)
        if loop is None:
            return None
        try:
            chain = step_keys(self.plan.tasks[number], loop, self.provenance)
        except (Exception, SystemExit) as error:
            raise UnreadableLoopError(
                f"what its steps read cannot be told: {type(error).__name__}: {said(error)}"
            ) from error
        return next(stored_steps(loop, chain, cache), 0), loop.total

    def _value(self, task: Task) -> Any:
        if not task.spec.options.early:
            return Later(keys.wire(task.key))
        try:
            return task.spec.function(**task.arguments(self._read))
        except (Exception, SystemExit):
            return Later(keys.wire(task.key))  # what is wrong will be told by the run, which has all the values

    def _read(self, read: Read) -> Any:
        value = self._values[read.task]
        if isinstance(value, Later):
            return Later(keys.wire(self.plan.tasks[read.task].key, read.fields))
        for field in read.fields:
            value = getattr(value, field)
        return value
