"""A loop driven step by step, each step under a key of its own, so that it can be resumed and shared."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from .. import keys
from ..events import Event, NodeStepped
from ..keys import Provenance, UnkeyedError
from ..loop import Loop
from ..store.cache import Cache
from ..task import Task
from .guard import MisbehaviourError, stamp

MOST_LOST = 5.0
"""Seconds of work that a killed run may lose at most, unless a single step takes longer."""
SHARE = 50
"""Storing a state may cost one part in this many of the time since the last."""
MOST_SHARED = 20_000
"""How many steps a loop may have for each to have a key that other runs share: all keys are made before the first."""
TENTHS = 10
"""States after so many equal parts of the steps are stored in any case: changes on the way begin at round shares."""

Call = Callable[..., Any]


@dataclass(frozen=True)
class StepKeys:
    """The keys of a loop's states: `of(k)` is that of the state after k steps.

    `shared` where they follow from what each step reads, so that other runs may have made them.
    """

    shared: bool
    known: list[bytes]
    task_key: bytes

    def of(self, step: int) -> bytes:
        """The key of the state after `step` steps."""
        return self.known[step] if self.shared else keys.digest(b"step", self.task_key, b"%d" % step)

    @property
    def latest(self) -> bytes:
        """The key under which a loop that shares nothing notes which of its steps are stored."""
        return keys.digest(b"latest", self.task_key)


def step_keys(task: Task, loop: Loop[Any], provenance: Provenance) -> StepKeys:
    """H(code and precision, start), then H(the key before, what the step reads); the task's own key where a reading is
    not known.
    """
    if loop.reads is None or loop.total > MOST_SHARED:
        return StepKeys(False, [], task.key)
    try:
        key = keys.digest(b"loop", task.code, provenance.encode(loop.begins))
        known = [key]
        for index in range(loop.total):
            key = keys.digest(key, provenance.encode(loop.reads(index)))
            known.append(key)
        return StepKeys(True, known, task.key)
    except UnkeyedError:
        return StepKeys(False, [], task.key)


def stored_steps(loop: Loop[Any], chain: StepKeys, cache: Cache) -> Iterator[int]:
    """After how many steps the states are that the cache holds, the latest first."""
    steps: Sequence[int] = range(loop.total, -1, -1)
    if not chain.shared:
        hit = cache.get(chain.latest) if cache.tier(chain.latest) else None
        steps = hit.value if hit is not None else ()
    return (step for step in steps if cache.tier(chain.of(step)))


def drive(
    task: Task, loop: Loop[Any], cache: Cache, provenance: Provenance, call: Call, resume: bool
) -> Generator[Event, None, Any]:
    """Do the steps that are not stored, or all unless it may resume; returns what the loop finishes with."""
    chain = step_keys(task, loop, provenance)
    step, state = _resume(loop, chain, cache, call) if resume else (0, call(loop.start))
    stored = [] if chain.shared else list(stored_steps(loop, chain, cache))
    store = _Store(cache, chain, task, loop.total, stored if resume else [])
    if step:
        yield NodeStepped(task.id, step, loop.total, True, _preview(loop, state))
    try:
        while step < loop.total and not (loop.done is not None and loop.done(state)):
            before, old = stamp(state), state
            state = call(loop.step, state, step)
            if stamp(old) != before:
                store.drop(step)
                raise MisbehaviourError("mutated", f"{task.spec.full_name} changed the state of its loop in place")
            step += 1
            store.offer(step, state)
            yield NodeStepped(task.id, step, loop.total, False, _preview(loop, state))
    finally:
        store.settle()
    return call(loop.finish, state)


def _resume(loop: Loop[Any], chain: StepKeys, cache: Cache, call: Call) -> tuple[int, Any]:
    for step in stored_steps(loop, chain, cache):
        hit = cache.get(chain.of(step))
        if hit is not None:  # else it was damaged, and the state before it has to do
            return step, hit.value
    return 0, call(loop.start)


def _preview(loop: Loop[Any], state: Any) -> Callable[[], Any]:
    return lambda: None if loop.preview is None else loop.preview(state)


class _Store:
    """When states are stored: in memory each, on disk as often as it stays cheap and no less than MOST_LOST asks."""

    def __init__(self, cache: Cache, chain: StepKeys, task: Task, total: int, kept: Sequence[int]) -> None:
        self.cache = cache
        self.chain = chain
        self.stored = task.stored
        self.cost = 0.0
        self.last = time.perf_counter()
        self.waiting: tuple[int, Any] | None = None
        self.kept = kept
        self.marks = {round(total * part / TENTHS) for part in range(1, TENTHS)} if chain.shared else set()

    def offer(self, step: int, state: Any) -> None:
        """Take a new state; store it now or let the next one take its place."""
        if not self.stored:
            return
        since = time.perf_counter() - self.last
        if since >= min(MOST_LOST, SHARE * self.cost) or step in self.marks:
            self._put(step, state)
            return
        self.waiting = (step, state)
        if self.chain.shared:
            self.cache.put(self.chain.of(step), state, disk=False)

    def drop(self, step: int) -> None:
        """The state after this many steps was changed in place: it is no longer what its key says.

        Earlier states may share its tensors, so that nothing in memory is to be trusted; what is on disk was copied.
        """
        self.waiting = None
        self.cache.memory.clear()
        self.cache.discard(self.chain.of(step))

    def settle(self) -> None:
        """Store the latest state, when the loop is done, cancelled or failed."""
        if self.waiting is not None:
            self._put(*self.waiting)

    def _put(self, step: int, state: Any) -> None:
        began = time.perf_counter()
        stored = self.cache.put(self.chain.of(step), state)
        if not self.chain.shared:
            self._supersede(step) if stored else self.cache.discard(self.chain.of(step))
        self.waiting, self.last = None, time.perf_counter()
        self.cost = self.last - began

    def _supersede(self, step: int) -> None:
        """Of states that nobody shares the latest is kept, and the one before it lest that be damaged.

        Older ones go once the latest is stored and noted: a full disk must not cost them all.
        """
        before = [one for one in self.kept if one < step][:1]
        if self.cache.put(self.chain.latest, [step, *before]):
            for one in {*self.kept}.difference([step, *before]):
                self.cache.discard(self.chain.of(one))
            self.kept = [step, *before]
