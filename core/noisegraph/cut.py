"""What of a plan has to run: walking back from the outputs, a cached task hides everything above it."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from .plan import Plan
from .store.cache import Cache
from .task import Read

HIDDEN, RUN, SERVED = 0, 1, 2


class Cut(NamedTuple):
    """For each task HIDDEN, RUN or SERVED, and how many outputs read it.

    `running` holds those that run, in their order, `tiers` from where those come that are served, and `stale` those
    that are not to be served.
    """

    states: bytearray
    outputs: list[int]
    running: list[int]
    tiers: dict[int, str]
    stale: Collection[int]


def cut(plan: Plan, cache: Cache, fresh: Collection[int] = ()) -> Cut:
    """Which tasks run and which the cache serves; those in `fresh`, and all that read them, run in any case."""
    tasks = plan.tasks
    states = bytearray(len(tasks))
    outputs = [0] * len(tasks)
    for point in plan.points:
        for read in point.outputs.values():
            if isinstance(read, Read):
                outputs[read.task] += 1
                states[read.task] = RUN
    running: list[int] = []
    tiers: dict[int, str] = {}
    stale = _downstream(plan, fresh) if fresh else ()
    number = states.rfind(RUN)
    while number >= 0:
        task = tasks[number]
        tier = cache.tier(task.key) if task.pure and number not in stale else None
        if tier is not None:
            states[number] = SERVED
            tiers[number] = tier
        else:
            running.append(number)
            for above in task.upstream():
                states[above] = RUN
        number = states.rfind(RUN, 0, number)
    running.reverse()
    return Cut(states, outputs, running, tiers, stale)


def _downstream(plan: Plan, fresh: Collection[int]) -> set[int]:
    stale = set(fresh)
    for number, task in enumerate(plan.tasks):
        if number not in stale and not stale.isdisjoint(task.upstream()):
            stale.add(number)
    return stale
