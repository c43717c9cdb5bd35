"""Plan and cache to events: the runner brings values, keeps what was made and frees what is no longer read."""

from __future__ import annotations

import time
from collections.abc import Collection, Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .cut import HIDDEN, RUN, SERVED, cut
from .devices import using
from .events import Event, NodeCached, NodeFailed, NodeFinished, NodeStarted, RunFinished, RunStarted, Warned
from .plan import Plan, Point
from .running.beside import Beside
from .running.guard import held
from .running.perform import Failed, Performer
from .store.cache import Cache
from .task import Read, Task


@dataclass(frozen=True)
class Result:
    """One point of a run: the swept inputs' values, the outputs by name, and of those that failed the reason."""

    given: Mapping[str, Any]
    outputs: Mapping[str, Any]
    failed: Mapping[str, str]


def run(
    plan: Plan, cache: Cache, fresh: Collection[int] = (), tensors: Literal["torch", "numpy"] = "torch"
) -> Iterator[Event]:
    """Run a plan. Not to ask for the next event is to pause, to close is to cancel; the last event holds the results.

    `fresh` are numbers of tasks to run although they are cached. With tensors="numpy", outputs that the cache serves
    and nothing else reads are given as arrays, so that to serve them imports no torch.
    """
    return _Run(plan, cache, fresh, tensors).events()


class _Run:
    def __init__(self, plan: Plan, cache: Cache, fresh: Collection[int], tensors: Literal["torch", "numpy"]) -> None:
        self.plan = plan
        self.tasks = plan.tasks
        self.cache = cache
        self.tensors: Literal["torch", "numpy"] = tensors
        found = cut(plan, cache, fresh)
        self.states, self.tiers, self.stale = found.states, found.tiers, found.stale
        self.running = found.running
        """What will run, as far as is known at first."""
        self.values: dict[int, Any] = {}
        self.failures: dict[int, NodeFailed] = {}
        self.finished = bytearray(len(self.tasks))
        self.outputs = found.outputs
        self.left = found.outputs.copy()
        """How often each task's value will be read yet."""
        for number in self.running:
            self._claim(self.tasks[number])
        self.performer = Performer(cache)
        self.beside = Beside(plan, self.running)

    def events(self) -> Iterator[Event]:
        """What happens, from RunStarted to RunFinished."""
        began = time.perf_counter()
        yield RunStarted(len(self.tasks), len(self.running), len(self.tiers))
        try:
            pinned = self.cache.pinned([self.tasks[number].key for number in self.tiers])
            with self.performer.prints, pinned, using(self.plan.device):
                self._start_beside()
                for number, state in enumerate(self.states):
                    if state == SERVED and (served := self._serve(number)) is not None:
                        yield served
                    elif state != HIDDEN:
                        yield from self._bring(number)
                results = tuple(map(self._result, self.plan.points))
                yield from self._warnings("")
        finally:
            self.beside.close()
        yield RunFinished(results, len(self.failures), time.perf_counter() - began)

    def _bring(self, number: int) -> Iterator[Event]:
        """Have a task's value: from the cache, or by running it after whatever it still lacks."""
        stack = [number]
        while stack:
            here = stack[-1]
            if here in self.values or here in self.failures or (self.finished[here] and not self.left[here]):
                stack.pop()
            elif self.states[here] == SERVED:
                served = self._serve(here)
                yield from [served] if served else self._warnings(self.tasks[here].id)
            elif missing := self._missing(here):
                stack += missing
            else:
                yield from self._run(here)

    def _missing(self, number: int) -> list[int]:
        """What a task reads and is not there. It may have been hidden or freed, if the cache did not keep its word."""
        missing = []
        for one in self.tasks[number].upstream():
            if one not in self.values and one not in self.failures:
                missing.append(one)
                if self.states[one] == HIDDEN or self.finished[one]:
                    self._revive(one)
        return missing

    def _revive(self, number: int) -> None:
        task = self.tasks[number]
        self.finished[number] = False
        servable = task.pure and number not in self.stale and self.cache.tier(task.key) is not None
        self.states[number] = SERVED if servable else RUN
        if self.states[number] == RUN:
            self._claim(task)

    def _claim(self, task: Task) -> None:
        """Note that a task will read what it reads, so that it is kept until then."""
        for above in task.upstream():
            self.left[above] += 1

    def _release(self, task: Task) -> None:
        """A task has read what it reads; free what nobody else will read."""
        for above in task.upstream():
            self.left[above] -= 1
            if not self.left[above] and above in self.values:
                value = self.values.pop(above)
                if self.plan.loops:
                    self.performer.provenance.forget(value)

    def _serve(self, number: int) -> NodeCached | None:
        """Take a value from the cache; None where it is not there after all, and the task has to run."""
        task = self.tasks[number]
        only_output = self.left[number] == self.outputs[number]
        hit = self.cache.get(task.key, self.tensors if only_output else "torch")
        if hit is None:
            self.states[number] = RUN
            self._claim(task)
            return None
        self._keep(number, hit.value)
        return NodeCached(task.id, hit.tier)

    def _run(self, number: int) -> Iterator[Event]:
        task = self.tasks[number]
        blocked = next((one for one in task.upstream() if one in self.failures), None) if self.failures else None
        if blocked is not None:
            self._release(task)
            self.failures[number] = failure = _blocked(task, self.tasks[blocked])
            yield failure
            return
        yield NodeStarted(task.id, task.spec.full_name)
        began = time.perf_counter()
        try:
            value = yield from self.beside.follow(number) or self._performance(number)
        except Failed as failed:
            self._forget(task, failed.damaged)
            self._release(task)
            self.failures[number] = failed.event
            yield failed.event
            return
        self._release(task)
        self._keep(number, value)
        if task.stored:
            self.cache.put(task.key, value)
        yield NodeFinished(task.id, time.perf_counter() - began)
        yield from self._warnings(task.id)

    def _keep(self, number: int, value: Any) -> None:
        self.finished[number] = True
        if self.left[number]:
            self.values[number] = value
        if self.plan.loops:
            self.performer.provenance.add(value, self.tasks[number].key)
        if self.beside.lanes:
            self.beside.made(number)
            self._start_beside()

    def _start_beside(self) -> None:
        for number in self.beside.startable():
            if all(one in self.values for one in self.tasks[number].upstream()):  # else one was spoilt meanwhile
                self.beside.start(number, self._performance(number))

    def _performance(self, number: int) -> Generator[Event, None, Any]:
        task = self.tasks[number]
        return self.performer.perform(task, task.arguments(self._read), resume=task.pure and number not in self.stale)

    def _forget(self, task: Task, damaged: Collection[str]) -> None:
        """Values that a node changed in place are no longer what their keys say: drop them wherever they are kept.

        The same tensor may be the value of other tasks too, also of tasks of earlier runs.
        """
        if not damaged:
            return
        reads = [read for name, read in task.reads if name in damaged]
        reads += [read for name, items in task.lists if name in damaged for read in items]
        spoilt = {number for read in reads if read.task in self.values for number in held(self.values[read.task])}
        self.cache.memory.clear()
        for number, value in list(self.values.items()):
            if not spoilt.isdisjoint(held(value)):
                self.cache.discard(self.tasks[number].key)
                del self.values[number]

    def _read(self, read: Read) -> Any:
        value = self.values[read.task]
        for field in read.fields:
            value = getattr(value, field)
        return value

    def _result(self, point: Point) -> Result:
        outputs: dict[str, Any] = {}
        failed: dict[str, str] = {}
        for name, source in point.outputs.items():
            if isinstance(source, Read):
                if source.task in self.failures:
                    failed[name] = self.failures[source.task].message
                else:
                    outputs[name] = self._read(source) if source.fields else self.values[source.task]
            else:
                outputs[name] = source.value
        return Result(point.given, outputs, failed)

    def _warnings(self, node: str) -> Iterator[Event]:
        for problem in (*self.performer.drain(), *self.cache.drain()):
            yield Warned(node, problem)


def _blocked(task: Task, above: Task) -> NodeFailed:
    return NodeFailed(task.id, task.spec.full_name, "blocked", f"not run: it needs {above.id}, which failed", {})
