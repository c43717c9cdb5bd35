"""All that the interface knows: it is told wishes and the worker's messages, and the views are shown it."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from operator import is_
from typing import Any, Literal, TypeAlias

from ..document.document import Document
from ..document.marks import Marks
from ..link.lines import Message
from .aside import Aside
from .catalog import Catalog
from .node import NodeState
from .plan import Plan, plan_of, standing
from .queue import Entry, Queue
from .run import Run, coalesced, lost, reduce

Health: TypeAlias = Literal["off", "starting", "ready", "dead"]
Topic: TypeAlias = Literal["run", "picture", "ended", "plan", "meters", "catalog", "worker", "log", "nothing"]
"""What a message changed."""
_MOST_RUNS = 500
_NOT_STARTED = 127


@dataclass
class Store:
    """What is open, what runs, what waits, and how the worker is."""

    document: Document
    out: str
    """The folder that pictures are written to."""
    plan: Plan = field(default_factory=Plan)
    run: Run | None = None
    """The run that is on, or the last."""
    asked: dict[str, Message] = field(default_factory=dict)
    """What the runs that were begun were asked for with."""
    runs: tuple[Run, ...] = ()
    """Those that have ended, the newest last."""
    queue: Queue = field(default_factory=Queue)
    marks: Marks = field(default_factory=Marks)
    """Nodes that are muted, bypassed, pinned."""
    fresh: frozenset[str] = frozenset()
    """Nodes that the next run is to make anew, though they are cached."""
    policies: dict[tuple[str, str], str] = field(default_factory=dict)
    """(node, port) or ("", input) -> what becomes of the seed there after a run was asked for."""
    catalog: Catalog = field(default_factory=Catalog)
    plugins: tuple[Message, ...] = ()
    health: Health = "off"
    why_dead: str = ""
    paused: bool = False
    automatic: bool = False
    """Whether every edit runs the graph."""
    meters: Message = field(default_factory=dict)
    device: str = ""
    next_run: int = 1
    clock: Callable[[], float] = time.monotonic
    _plans: int = 0
    _basis: tuple[object, ...] = ()
    """What all states rest on, beside the run's nodes, when they were told last."""
    _told: tuple[Mapping[str, NodeState], Mapping[str, NodeState]] = field(default_factory=lambda: ({}, {}))
    """The run's nodes then, and the states of the graph's."""

    @property
    def busy(self) -> bool:
        """Whether a run is on."""
        return self.run is not None and not self.run.ended

    def states(self) -> Mapping[str, NodeState]:
        """Where every node of the graph stands; of a large graph only what an event changed is looked at again."""
        run = self.run
        basis = (self.document, self.plan, self.marks, run.id if run else "", run.status if run else "")
        nodes = run.nodes if run is not None else {}
        if len(basis) == len(self._basis) and all(map(is_, basis, self._basis)):
            before = self._told[0]
            changed = [name for name, state in nodes.items() if before.get(name) is not state and name in self._told[1]]
            states = {**self._told[1], **{name: self._state(name) for name in changed}} if changed else self._told[1]
        else:
            states = {name: self._state(name) for name in self.document.outline.items}
        self._basis, self._told = basis, (nodes, states)
        return states

    def _state(self, name: str) -> NodeState:
        if name in self.marks.muted:
            return NodeState("muted", "left out with what needs it; m takes it in again")
        if name in self.marks.bypassed:
            return NodeState("bypassed", "gone round; b goes through it again")
        state = standing(name, self.run, self.plan)
        return replace(state, why=f"pinned · {state.why}") if name in self.marks.pinned else state

    def renamed(self, old: str, new: str) -> None:
        """What is said of a node beside the graph is said of its new name, or of that of an input."""
        self.marks = self.marks.renamed(old, new)
        self.policies = {
            (new if node == old else node, new if not node and port == old else port): policy
            for (node, port), policy in self.policies.items()
        }

    def _request(self, text: str, more: Mapping[str, Any]) -> Message:
        path = self.document.path
        return {"graph": text, "name": path.name, "folder": str(path.parent), **more}

    def enqueue(self, text: str, front: bool = False, **more: Any) -> Entry:
        """Ask for a run of the graph as it is in `text`; what is edited later does not change it."""
        run, self.next_run = f"{self.next_run:04d}", self.next_run + 1
        command = {"command": "run", "run": run, "out": self.out, **self._request(text, more)}
        entry = Entry(run, self.document.path.stem, command)
        self.queue = self.queue.add(entry, front=front)
        return entry

    def ask_plan(self, text: str, **more: Any) -> Message:
        """The command that asks what a run would do; answers to earlier questions will be passed over."""
        self._plans += 1
        self.plan = Plan(
            f"plan-{self._plans}", self.plan.nodes, self.plan.to_run, self.plan.cached, self.plan.seconds,
            self.plan.problems, known=False,
        )  # fmt: skip
        fresh = {"fresh": sorted(self.fresh)} if self.fresh else {}
        return {"command": "plan", "run": self.plan.asked, **self._request(text, {**fresh, **more})}

    def next_command(self) -> Message | None:
        """The run to begin now, taken from the queue; None while there is none, or one is on."""
        if self.busy or self.health not in ("starting", "ready") or not self.queue.entries:
            return None
        entry = self.queue.entries[0]
        self.queue = self.queue.without(entry.id)
        self.run, self.asked[entry.id] = Run(entry.id, entry.title), entry.command
        return entry.command

    def open(self, document: Document, aside: Aside) -> None:
        """Another graph: what the last run and the marks say of nodes is of no use for it."""
        self.document, self.marks, self.policies = document, aside.marks, dict(aside.policies)
        self.fresh = frozenset()
        if not self.busy:
            self.run = None
        self.plan = Plan()

    def begun_and_queued(self) -> list[Entry]:
        """What would be lost if all ended now: the run that is on, and those that wait."""
        on = [] if self.run is None or self.run.ended else [self.run]
        begun = [Entry(run.id, run.graph, self.asked[run.id]) for run in on if run.id in self.asked]
        return [*begun, *self.queue.entries]

    def hear(self, messages: Iterable[Message]) -> dict[Topic, list[Message]]:
        """Take in what the worker says; what changed, each with the messages that changed it."""
        changed: dict[Topic, list[Message]] = {}
        for message in coalesced(messages):
            try:
                topic = self._heard(message)
            except (ValueError, TypeError, KeyError, AttributeError):  # from a worker of another version
                topic = "log"
            changed.setdefault(topic, []).append(message)
        return changed

    def _heard(self, message: Message) -> Topic:
        kind, run = str(message["event"]), str(message.get("run", ""))
        if kind == "ready":
            self.health, self.device = "ready", str(message.get("name", ""))
            return "worker"
        if kind == "meters":
            self.meters = message
            return "meters"
        if kind == "schema":
            self.catalog = Catalog.of(message)
            self.plugins = tuple(one for one in message.get("plugins", ()) if isinstance(one, dict))
            return "catalog"
        if run.startswith("plan-"):
            return self._planned(message)
        if self.run is not None and run == self.run.id:
            return self._ran(message)
        return "log"

    def _planned(self, message: Message) -> Topic:
        if message.get("run") != self.plan.asked:
            return "nothing"
        self.plan = plan_of(message, self.plan.asked)
        return "plan"

    def _ran(self, message: Message) -> Topic:
        assert self.run is not None
        self.run = reduce(self.run, message, self.clock())
        if message["event"] == "done":
            self._ended()
            return "ended"
        return "picture" if message["event"] in ("preview", "picture") else "run"

    def _ended(self) -> None:
        self.paused = False
        if self.run is not None:
            self.runs = (*self.runs, self.run)[-_MOST_RUNS:]

    def died(self, code: int) -> None:
        """The worker is gone; the run that was on is lost, the queue is kept."""
        self.health, self.why_dead, self.meters = "dead", cause_of(code), {}
        if self.run is not None and not self.run.ended:
            self.run = lost(self.run, self.why_dead, self.clock())
            self._ended()


def cause_of(code: int) -> str:
    """What an exit code says of the cause."""
    if code == -signal.SIGKILL:
        return "exited (SIGKILL, probably out of memory)"
    if code < 0:
        known = {one.value: one.name for one in signal.Signals}
        return f"exited ({known.get(-code, f'signal {-code}')})"
    return "could not be started" if code == _NOT_STARTED else f"exited (code {code})"
