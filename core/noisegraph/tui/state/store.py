"""All that the interface knows: it is told messages and wishes, and tells the views nothing but itself."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from ..link.lines import Message
from ..opened import Opened
from ..outline import Outline, outline
from .node import NodeState
from .plan import Plan, plan_of, standing
from .queue import Entry, Queue
from .run import Run, Status, coalesced, lost, reduce

Health: TypeAlias = Literal["off", "starting", "ready", "dead"]
_MOST_RUNS = 500


@dataclass
class Store:
    """What is open, what runs, what waits, and how the worker is."""

    out: str
    """The folder that pictures are written to."""
    document: Opened = field(default_factory=lambda: Opened("{}", Path("graph.json")))
    outline: Outline = field(default_factory=Outline)
    plan: Plan = field(default_factory=Plan)
    run: Run | None = None
    """The run that is on, or the last."""
    runs: tuple[Run, ...] = ()
    """Those that have ended, the newest last."""
    queue: Queue = field(default_factory=Queue)
    health: Health = "off"
    why_dead: str = ""
    paused: bool = False
    meters: Message = field(default_factory=dict)
    device: str = ""
    next_run: int = 1
    clock: Callable[[], float] = time.monotonic

    def open(self, document: Opened) -> None:
        """Another graph, or the same one changed."""
        self.document = document
        try:
            self.outline = outline(json.loads(document.text))
        except (ValueError, RecursionError):
            return  # the outline stays that of the last text that parsed

    @property
    def busy(self) -> bool:
        """Whether a run is on."""
        return self.run is not None and not self.run.ended

    def states(self) -> Mapping[str, NodeState]:
        """Where every node of the graph stands."""
        return {name: standing(name, self.run, self.plan) for name in self.outline.items}

    def request(self, **more: Any) -> Message:
        """What a command says of the graph that is open."""
        path = self.document.path
        return {"graph": self.document.text, "name": path.name, "folder": str(path.parent), **more}

    def asked(self, **more: Any) -> Entry:
        """A run of the graph as it is now."""
        run, self.next_run = f"{self.next_run:04d}", self.next_run + 1
        command = {"command": "run", "run": run, "out": self.out, **self.request(), **more}
        return Entry(run, self.document.path.stem, command)

    def next_command(self) -> Message | None:
        """The run to begin now, taken from the queue; None while there is none, or one is on."""
        if self.busy or self.health not in ("starting", "ready") or not self.queue.entries:
            return None
        entry = self.queue.entries[0]
        self.queue = self.queue.without(entry.id)
        self.run = Run(entry.id, entry.title)
        return entry.command

    def hear(self, messages: Iterable[Message]) -> set[str]:
        """Take in what the worker says; the kinds of what changed."""
        changed: set[str] = set()
        for message in coalesced(messages):
            changed.add(self._heard(message))
        return changed

    def _heard(self, message: Message) -> str:
        kind, run = str(message["event"]), str(message.get("run", ""))
        if kind == "ready":
            self.health, self.device = "ready", str(message.get("name", ""))
        elif kind == "meters":
            self.meters = message
        elif run.startswith("plan"):
            if run == self.plan.asked:
                self.plan = plan_of(message, run)
                return "plan"
        elif self.run is not None and run == self.run.id:
            self.run = reduce(self.run, message, self.clock())
            if kind == "done":
                self._ended()
                return "ended"
            return "run"
        return kind

    def _ended(self) -> None:
        if self.run is not None:
            self.runs = (*self.runs, self.run)[-_MOST_RUNS:]

    def died(self, code: int) -> None:
        """The worker is gone; the run that was on is lost, the queue is kept."""
        self.health, self.why_dead = "dead", cause_of(code)
        if self.run is not None and not self.run.ended:
            self.run = lost(self.run, self.why_dead)
            self._ended()


def cause_of(code: int) -> str:
    """What an exit code says of the cause."""
    if code == -9:
        return "killed (SIGKILL, probably out of memory)"
    if code < 0:
        import signal

        try:
            return f"ended by {signal.Signals(-code).name}"
        except ValueError:
            return f"ended by signal {-code}"
    if code == 127:
        return "it could not be started"
    return f"ended with code {code}"


def failures(runs: Sequence[Run], status: Status = "failed") -> int:
    """How many runs ended in a certain way."""
    return sum(run.status == status for run in runs)
