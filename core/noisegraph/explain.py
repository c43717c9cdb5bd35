"""What a run would do with each node, and why: as data, for `noisegraph plan` and the terminal interface."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from .cut import HIDDEN, RUN, cut
from .early import Early
from .history import Memory, describe
from .plan import Plan, Task
from .store.cache import Cache
from .store.codecs import storable


@dataclass(frozen=True)
class Explained:
    """One task: `state` is run, cached or hidden; `steps` is (stored, all) for a loop of which that is known.

    `seconds` is what it took when it last ran, None where that is not known.
    """

    node: str
    use: str
    state: str
    why: str
    steps: tuple[int, int] | None = None
    seconds: float | None = None

    def __str__(self) -> str:
        if self.steps is None or self.state != "run":
            return f"{self.node}: {self.state}, {self.why}"
        stored, total = self.steps
        told = f"steps 0-{stored - 1} cached, {stored}-{total - 1} will run" if 0 < stored < total else f"{total} steps"
        if stored == total:
            told = f"all {total} steps cached"
        return f"{self.node}: {self.state}, {self.why}; {told}"


def explain(
    plan: Plan, cache: Cache, history: Mapping[str, Memory], fresh: Collection[int] = ()
) -> tuple[Explained, ...]:
    """Every task of the plan in the order of running."""
    found = cut(plan, cache, fresh)
    names: dict[int, list[str]] = {}
    for node, number in plan.of_node.items():
        names.setdefault(number, []).append(node)
    early = Early(plan)
    told = []
    for number, task in enumerate(plan.tasks):
        node = " = ".join(names.get(number, [task.id]))
        before = history.get(names.get(number, [task.id])[0])
        seconds = before.seconds if before else None
        if found.states[number] == HIDDEN:
            told.append(Explained(node, task.spec.full_name, "hidden", "what reads it is cached", None, seconds))
        elif found.states[number] == RUN:
            steps = early.steps(number, cache) if task.spec.loops else None
            if steps is not None and number in found.stale:
                steps = (0, steps[1])
            why = "asked to run afresh" if number in fresh else _why(plan, task, before, cache)
            told.append(Explained(node, task.spec.full_name, "run", why, steps, seconds))
        else:
            told.append(
                Explained(
                    node,
                    task.spec.full_name,
                    "cached",
                    "in memory" if found.tiers[number] == "memory" else "on disk",
                    None,
                    seconds,
                )
            )
    return tuple(told)


def _why(plan: Plan, task: Task, before: Memory | None, cache: Cache) -> str:
    if not task.spec.options.pure:
        return "its value may differ from run to run"
    if not task.pure:
        return "it reads a node whose value may differ from run to run"
    if before is None:
        return "never run"
    now = describe(plan, task)
    if before.use != now.use:
        return f"{before.use} became {now.use}"
    changed = [
        f"parameter '{name}' changed {before.values.get(name, 'nothing')} -> {now.values.get(name, 'nothing')}"
        for name in (*now.values, *(before.values.keys() - now.values.keys()))
        if before.values.get(name) != now.values.get(name)
    ]
    if changed:
        return "; ".join(changed)
    if before.code != now.code:
        return "code changed"
    if before.precision != now.precision:
        return f"{before.precision} became {now.precision}"
    above = [_name(plan, task, port) for port, key in now.reads.items() if before.reads.get(port) != key]
    if above or before.reads.keys() != now.reads.keys():
        return f"upstream changed: {', '.join(above) or 'other wires'}"
    if before.key != now.key:
        return "a file that it reads changed"
    if not task.stored:
        return "the graph says not to store it"
    coded = tuple(codec.kind for codec in cache.codecs)
    return "no longer cached" if storable(task.spec.output, coded) else "its value is kept in memory only"


def _name(plan: Plan, task: Task, port: str) -> str:
    sources = dict(task.lists).get(port) or [read for name, read in task.reads if name == port]
    return " and ".join(dict.fromkeys(plan.tasks[read.task].id for read in sources))
