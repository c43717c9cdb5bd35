"""One run as it is known from its events: `reduce` takes a run and a message to the run after it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from ..link.lines import Message
from .node import Kind, NodeState

Status: TypeAlias = Literal["waiting", "running", "done", "failed", "refused", "cancelled", "lost"]
_KINDS: tuple[Kind, ...] = ("running", "done", "cached", "failed", "blocked")


@dataclass(frozen=True)
class Shot:
    """A small picture: of a step of a loop, or of what a run made."""

    node: str
    width: int
    height: int
    rgb: bytes = field(repr=False)
    step: int = 0
    of: int = 0
    file: str = ""


@dataclass(frozen=True)
class Run:
    """What is known of a run."""

    id: str
    graph: str = ""
    status: Status = "waiting"
    nodes: Mapping[str, NodeState] = field(default_factory=dict)
    to_run: int = 0
    cached: int = 0
    ran: int = 0
    """Tasks that have ended, of those to run."""
    began: float | None = None
    seconds: float = 0.0
    shot: Shot | None = None
    """The latest picture."""
    errors: tuple[Message, ...] = ()
    points: tuple[Message, ...] = ()
    """What was made, a mapping for each point of the sweep."""
    sheets: tuple[str, ...] = ()

    @property
    def ended(self) -> bool:
        """Whether nothing more will be heard of it."""
        return self.status not in ("waiting", "running")

    @property
    def current(self) -> str:
        """The node that runs now, the last one where several do."""
        return next((name for name in reversed(list(self.nodes)) if self.nodes[name].kind == "running"), "")


def reduce(run: Run, message: Message, now: float) -> Run:
    """The run after it was heard; what is not understood changes nothing."""
    match message.get("event"):
        case "plan":
            to_run, cached = int(message.get("to_run", 0)), int(message.get("cached", 0))
            return replace(run, status="running", to_run=to_run, cached=cached, began=run.began or now)
        case "node":
            return _noded(run, message)
        case "progress":
            return _progressed(run, message)
        case "preview" | "picture":
            return replace(run, shot=shot(message) or run.shot)
        case "error":
            status: Status = "refused" if message.get("kind") == "graph" else "failed"
            return replace(run, errors=(*run.errors, message), status=status if run.ran == 0 else run.status)
        case "cancelled":
            return replace(_stopped(run, "stopped before it was done"), status="cancelled")
        case "result":
            points = tuple(one for one in message.get("points", ()) if isinstance(one, dict))
            return replace(run, points=points, sheets=tuple(map(str, message.get("sheets", ()))))
        case "done":
            return _done(run, message)
    return run


def lost(run: Run, why: str, now: float) -> Run:
    """The run of a worker that is gone."""
    return replace(_stopped(run, why), status="lost", seconds=0.0 if run.began is None else now - run.began)


def coalesced(messages: Iterable[Message]) -> list[Message]:
    """The messages without progress and previews that newer ones of the same node replace."""
    kept: list[Message] = []
    newest: set[tuple[Any, Any, Any]] = set()
    for message in reversed(list(messages)):
        if message["event"] == "progress":
            key = (message["event"], message.get("run"), message.get("node"))
            if key in newest:
                continue
            newest.add(key)
        kept.append(message)
    return kept[::-1]


def shot(message: Message) -> Shot | None:
    """The picture that a message carries; None where it is damaged."""
    try:
        rgb = base64.b64decode(message["rgb"])
        width, height = int(message["w"]), int(message["h"])
    except (KeyError, ValueError, TypeError, binascii.Error):
        return None
    if len(rgb) != width * height * 3 or not rgb:
        return None
    told = str(message.get("node") or message.get("output") or "")
    return Shot(told, width, height, rgb, int(message.get("step") or 0), int(message.get("of") or 0),
                str(message.get("file") or ""))  # fmt: skip


def _noded(run: Run, message: Message) -> Run:
    name, kind = str(message.get("node", "")), message.get("state")
    if kind not in _KINDS:
        return run
    before = run.nodes.get(name, NodeState())
    held = message.get("held")
    state = replace(before, kind=kind, why=str(message.get("why", "")), seconds=message.get("seconds"), eta=None)
    state = replace(state, held=held if isinstance(held, int) else 0)
    nodes = {**run.nodes}
    nodes.pop(name, None)  # the latest stands last
    nodes[name] = state
    ended = kind in ("done", "failed", "blocked")
    return replace(run, nodes=nodes, ran=run.ran + ended, status="running")


def _progressed(run: Run, message: Message) -> Run:
    name = str(message.get("node", ""))
    state = replace(
        run.nodes.get(name, NodeState()), kind="running", step=int(message.get("step", 0)),
        of=int(message.get("of", 0)), its=message.get("its"), eta=message.get("eta"),
    )  # fmt: skip
    return replace(run, nodes={**run.nodes, name: state})


def _stopped(run: Run, why: str) -> Run:
    nodes = {
        name: replace(state, kind="stale", why=why) if state.kind == "running" else state
        for name, state in run.nodes.items()
    }
    return replace(run, nodes=nodes)


def _done(run: Run, message: Message) -> Run:
    seconds = float(message.get("seconds") or 0)
    if run.status in ("cancelled", "refused"):
        return replace(run, seconds=seconds)
    return replace(run, status="failed" if message.get("failed") else "done", seconds=seconds)
