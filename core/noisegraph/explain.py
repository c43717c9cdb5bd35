"""What a run would do with each node, and why: as data, for `noisegraph plan` and the terminal interface."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from .cut import HIDDEN, RUN, cut
from .early import Early, UnreadableLoopError
from .history import Memory, describe
from .plan import Plan
from .store.cache import Cache
from .store.codecs import storable
from .task import Task

MOST_NAMED = 3
"""How many nodes that come to one task are named on a line; of more, the first."""


@dataclass(frozen=True)
class Explained:
    """One task: `state` is run, cached or hidden; `steps` is (stored, all) for a loop of which that is known.

    `seconds` is what it took when it last ran, None where that is not known; `twins` are the other nodes that come to
    the same task.
    """

    node: str
    use: str
    state: str
    why: str
    steps: tuple[int, int] | None = None
    seconds: float | None = None
    twins: tuple[str, ...] = ()

    def __str__(self) -> str:
        told = f"{self._named()}: {self.state}, {self.why}"
        if self.steps is None or self.state != "run":
            return told
        stored, total = self.steps
        if stored == total:
            return f"{told}; all {total} steps cached"
        if not stored:
            return f"{told}; {total} steps"
        return f"{told}; steps 0-{stored - 1} cached, {stored}-{total - 1} will run"

    def _named(self) -> str:
        names = (self.node, *self.twins)
        return " = ".join(names) if len(names) <= MOST_NAMED else f"{self.node} + {len(self.twins)} more"


def explain(
    plan: Plan, cache: Cache, history: Mapping[str, Memory], fresh: Collection[int] = ()
) -> tuple[Explained, ...]:
    """Every task of the plan in the order of running."""
    return tuple(_Explainer(plan, cache, history, fresh).tasks())


class _Explainer:
    def __init__(self, plan: Plan, cache: Cache, history: Mapping[str, Memory], fresh: Collection[int]) -> None:
        self.plan = plan
        self.cache = cache
        self.history = history
        self.fresh = fresh
        self.cut = cut(plan, cache, fresh)
        self.early = Early(plan)
        self.open = _open(plan)

    def tasks(self) -> Iterator[Explained]:
        nodes: dict[int, list[str]] = {}
        for node, number in self.plan.of_node.items():
            nodes.setdefault(number, []).append(node)
        for number, task in enumerate(self.plan.tasks):
            yield self._task(number, task, nodes.get(number) or [task.id])

    def _task(self, number: int, task: Task, nodes: Sequence[str]) -> Explained:
        before = self.history.get(nodes[0])
        steps = None
        if self.cut.states[number] == HIDDEN:
            state, why = "hidden", "what reads it is cached"
        elif self.cut.states[number] == RUN:
            state = "run"
            why = "asked to run afresh" if number in self.fresh else self._why(number, task, before)
            try:
                steps = self._steps(number)
            except UnreadableLoopError as error:
                why = f"{why}; {error}"
        else:
            state, why = "cached", "in memory" if self.cut.tiers[number] == "memory" else "on disk"
        seconds = before.seconds if before else None
        return Explained(nodes[0], task.spec.full_name, state, why, steps, seconds, tuple(nodes[1:]))

    def _steps(self, number: int) -> tuple[int, int] | None:
        steps = self.early.steps(number, self.cache) if self.plan.tasks[number].spec.loops else None
        return (0, steps[1]) if steps is not None and number in self.cut.stale else steps

    def _why(self, number: int, task: Task, before: Memory | None) -> str:
        """Why a task is to run."""
        if task.unset:
            return f"needs a value for {' and '.join(repr(name) for name in task.unset)}"
        if number in self.open:
            return "what it reads needs a value"
        if not task.spec.options.pure:
            return "its value may differ from run to run"
        if not all(self.plan.tasks[above].pure for above in task.upstream()):
            return "it reads a node whose value may differ from run to run"
        if not task.pure:
            return "the version of what it reads is not known"
        return _change(self.plan, task, before, self.cache)


def _open(plan: Plan) -> set[int]:
    """The tasks that depend on an input without a value."""
    found: set[int] = set()
    for number, task in enumerate(plan.tasks if plan.checked.unset else ()):
        if task.unset or not found.isdisjoint(task.upstream()):
            found.add(number)
    return found


def _change(plan: Plan, task: Task, before: Memory | None, cache: Cache) -> str:
    """What is different from when a task last ran, as far as that is remembered."""
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
