"""What the next run would do, and where each node stands between a plan and a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ...quantities import duration
from ..link.lines import Message
from .node import Kind, NodeState
from .run import Run

_PENDING, _UNKNOWN = NodeState("pending"), NodeState()


@dataclass(frozen=True)
class Plan:
    """The worker's answer to what a run would do with the graph as it is, or what is wrong with the graph."""

    asked: str = ""
    """The id under which it was asked for; answers to older questions are passed over."""
    nodes: Mapping[str, NodeState] = field(default_factory=dict)
    to_run: int = 0
    cached: int = 0
    seconds: float | None = None
    problems: tuple[Message, ...] = ()
    known: bool = False
    """Whether the worker has answered."""

    @property
    def line(self) -> str:
        """`3 run, 9 cached, ~2 s`."""
        if self.problems:
            return f"{len(self.problems)} problem{'s' * (len(self.problems) != 1)}"
        if not self.known:
            return ""
        about = "" if self.seconds is None or not self.to_run else f", ~{duration(self.seconds)}"
        return f"{self.to_run} run, {self.cached} cached{about}"


def plan_of(message: Message, asked: str) -> Plan:
    """The plan in a worker's answer."""
    if message.get("event") == "error":
        told = message.get("problems") or [{"what": str(message.get("message", "")), "path": "", "hint": ""}]
        return Plan(asked, problems=tuple(one for one in told if isinstance(one, dict)))
    nodes = {str(node.get("node")): _planned(node) for node in message.get("nodes", ()) if isinstance(node, dict)}
    seconds = message.get("seconds")
    return Plan(asked, nodes, int(message.get("to_run", 0)), int(message.get("cached", 0)), seconds, (), True)


def standing(name: str, run: Run | None, plan: Plan) -> NodeState:
    """Where a node stands: in the run while one is on, else as the plan says, with what the last run told of it."""
    ran = run.nodes.get(name) if run is not None else None
    if run is not None and not run.ended:
        planned = plan.nodes.get(name)
        return ran or (planned if planned and planned.kind == "cached" else _PENDING)
    planned = plan.nodes.get(name)
    if planned is None:
        return ran or _UNKNOWN
    if planned.kind == "cached" and ran is not None and ran.kind in ("done", "cached"):
        return replace(ran, why=planned.why, step=ran.of)
    if planned.kind == "stale" and ran is not None and ran.kind in ("failed", "blocked"):
        return ran
    return planned


def _planned(node: Mapping[str, Any]) -> NodeState:
    kind: Kind = "stale" if node.get("state") == "run" else "cached"  # or hidden: what reads it is cached
    steps = node.get("steps") or {}
    stored, of = int(steps.get("stored", 0)), int(steps.get("of", 0))
    return NodeState(kind, str(node.get("why", "")), stored, of, seconds=node.get("seconds"))
