"""Events as JSON messages: what `noisegraph worker` and `run --events jsonl` say on stdout, line by line."""

from __future__ import annotations

import base64
import contextlib
import json
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any, TypeAlias

from ..errors import Problem
from ..events import (
    Event,
    NodeCached,
    NodeFailed,
    NodeFinished,
    NodeStarted,
    NodeStepped,
    RunFinished,
    RunStarted,
    Warned,
)
from ..explain import Explained
from ..plan import Plan
from ..store.memory import Memory

Message: TypeAlias = dict[str, Any]
VERSION = 1
PROGRESS_SECONDS = 1 / 15
"""Progress of one node is told no more often; what comes between is left out, but never the last step."""
PREVIEW_SECONDS = 1 / 5
_RATE_OVER = 10
"""Over how many steps the rate is taken."""


class Rate:
    """How fast a loop goes, from its latest steps; steps that came from the cache do not count."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._seen = deque([(clock(), 0)], maxlen=_RATE_OVER)

    def add(self, event: NodeStepped) -> None:
        """Note a step."""
        if event.cached:
            self._seen.clear()
        self._seen.append((self._clock(), event.step))

    @property
    def per_second(self) -> float | None:
        """Steps a second; None before two were seen."""
        (began, first), (now, last) = self._seen[0], self._seen[-1]
        return (last - first) / (now - began) if last > first and now > began else None

    def left(self, event: NodeStepped) -> float | None:
        """Seconds until the loop will be done, at this rate."""
        rate = self.per_second
        return (event.of - event.step) / rate if rate else None


class Speaker:
    """Puts the events of one run into messages, each with the run's id and a number that counts up.

    `preview_size()` is asked at each step: the longer side of the previews that are wanted now, 0 for none.
    """

    def __init__(
        self, run: str, numbers: Iterator[int] | None = None, preview_size: Callable[[], int] = lambda: 0
    ) -> None:
        self._run = run
        self._numbers = numbers or count()
        self._preview_size = preview_size
        self._rates: dict[str, Rate] = {}
        self._told: dict[str, float] = {}
        self._shown = float("-inf")
        self._keys: Mapping[str, bytes] = {}
        self._memory: Memory | None = None

    def follow(self, plan: Plan, memory: Memory) -> None:
        """Say from now on how many bytes each value of the plan holds in memory once it is there."""
        self._keys = {task.id: task.key for task in plan.tasks}
        self._memory = memory

    def message(self, event: str, **content: Any) -> Message:
        """A message of the run."""
        return {"event": event, "run": self._run, "seq": next(self._numbers), **content}

    def messages(self, event: Event) -> Iterator[Message]:
        """What to say of an event; RunFinished is left to those who know what became of the results."""
        match event:
            case RunStarted():
                yield self.message("plan", tasks=event.tasks, to_run=event.to_run, cached=event.cached)
            case NodeStarted():
                self._rates[event.node] = Rate()
                yield self.message("node", node=event.node, use=event.use, state="running")
            case NodeStepped():
                yield from self._stepped(event)
            case NodeFinished():
                yield self._there(event.node, "done", seconds=round(event.seconds, 6))
            case NodeCached():
                yield self._there(event.node, "cached", why=f"in the cache ({event.tier})")
            case NodeFailed():
                state = "blocked" if event.kind == "blocked" else "failed"
                yield self.message("node", node=event.node, use=event.use, state=state, why=event.message)
                if state == "failed":
                    yield self._error(event)
            case Warned():
                yield self.message("warning", node=event.node, **told(event.problem))
            case RunFinished():
                pass

    def problems(self, problems: Sequence[Problem]) -> Message:
        """That the run cannot be: what is wrong with the graph or the request."""
        return self.message(
            "error", kind="graph", message="\n".join(map(str, problems)), problems=[told(one) for one in problems]
        )

    def _there(self, node: str, state: str, **content: Any) -> Message:
        held = self._memory.bytes_of(self._keys.get(node, b"")) if self._memory is not None else 0
        return self.message("node", node=node, state=state, held=held, **content)

    def _error(self, event: NodeFailed) -> Message:
        return self.message(
            "error",
            kind=event.kind,
            node=event.node,
            use=event.use,
            plugin=event.use.partition(".")[0],
            message=event.message,
            inputs=dict(event.inputs),
            traceback=event.traceback,
            full_traceback=event.full_traceback,
        )

    def _stepped(self, event: NodeStepped) -> Iterator[Message]:
        rate = self._rates.setdefault(event.node, Rate())
        rate.add(event)
        now = time.perf_counter()
        last = event.step >= event.of
        if last or now - self._told.get(event.node, float("-inf")) >= PROGRESS_SECONDS:
            self._told[event.node] = now
            its, eta = rate.per_second, rate.left(event)
            yield self.message(
                "progress", node=event.node, step=event.step, of=event.of, cached=event.cached,
                its=None if its is None else round(its, 3), eta=None if eta is None else round(eta, 3),
            )  # fmt: skip
        size = self._preview_size()
        if size > 0 and (last or now - self._shown >= PREVIEW_SECONDS):
            self._shown = now
            yield from self._preview(event, size)

    def _preview(self, event: NodeStepped, size: int) -> Iterator[Message]:
        from ..writing.picture import pixels, thumbnail

        with contextlib.suppress(Exception):  # a preview is a nicety: what is wrong with it must not end the run
            value = event.preview()
            if value is not None:
                width, height, rgb = thumbnail(pixels(value)[0], size)
                data = base64.b64encode(rgb).decode()
                yield self.message(
                    "preview", node=event.node, step=event.step, of=event.of, w=width, h=height, rgb=data
                )


def explained(nodes: Sequence[Explained]) -> Message:
    """What a plan says, as plain data: counts, an estimate of the seconds, and every node with its state and why."""
    to_run = [node for node in nodes if node.state == "run"]
    return {
        "tasks": len(nodes),
        "to_run": len(to_run),
        "cached": len(nodes) - len(to_run),
        "seconds": estimate(nodes),
        "nodes": [
            {
                "node": node.node,
                "twins": list(node.twins),
                "use": node.use,
                "state": node.state,
                "why": node.why,
                "steps": None if node.steps is None else {"stored": node.steps[0], "of": node.steps[1]},
                "seconds": node.seconds,
            }
            for node in nodes
        ],
    }


def estimate(nodes: Sequence[Explained]) -> float | None:
    """How long what will run took when it last ran, without a loop's stored steps; None where nothing is known."""
    known = [
        node.seconds * (1 - (node.steps[0] / node.steps[1] if node.steps and node.steps[1] else 0))
        for node in nodes
        if node.state == "run" and node.seconds is not None
    ]
    return sum(known) if known else None


def line(message: Mapping[str, Any]) -> str:
    """The message as one line of JSON, in ASCII so that no encoding can spoil it."""
    return json.dumps(message, separators=(",", ":"), default=str) + "\n"


def told(problem: Problem) -> Message:
    """A problem as plain data."""
    where = problem.where
    return {
        "file": where.file,
        "line": where.line,
        "column": where.column,
        "path": where.trail,
        "what": problem.what,
        "hint": problem.hint,
    }
