"""Nodes and runs for tests of the engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from noisegraph.check import check
from noisegraph.devices import Device
from noisegraph.events import Event, NodeCached, NodeFailed, NodeFinished, NodeStepped, RunFinished, Warned
from noisegraph.graph import parse
from noisegraph.plan import Plan, plan
from noisegraph.registry import Local, Registry
from noisegraph.run import run
from noisegraph.store.cache import Cache

from . import nodes

CPU = Device("cpu", "float32")


@dataclass
class Told:
    """The events of one run, with the questions that tests ask of them."""

    events: list[Event] = field(default_factory=list)

    def of(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def ran(self) -> list[str]:
        return [event.node for event in self.of(NodeFinished)]

    @property
    def cached(self) -> list[str]:
        return [event.node for event in self.of(NodeCached)]

    @property
    def failed(self) -> dict[str, NodeFailed]:
        return {event.node: event for event in self.of(NodeFailed)}

    @property
    def warned(self) -> list[str]:
        return [str(event.problem) for event in self.of(Warned)]

    @property
    def steps(self) -> list[int]:
        return [event.step for event in self.of(NodeStepped)]

    @property
    def results(self) -> tuple[Any, ...]:
        last = self.events[-1]
        assert isinstance(last, RunFinished)
        return last.results

    @property
    def outputs(self) -> dict[str, Any]:
        (result,) = self.results
        return dict(result.outputs)


class Engine:
    """A registry of test nodes over one cache."""

    def __init__(self, folder: Path | None = None, memory: int = 10**9) -> None:
        self.registry = Registry([Local("t", nodes.NODES)])
        self.cache = Cache(memory, folder)
        self.folder = folder

    def restart(self) -> Engine:
        """The same as a new process would see it."""
        return Engine(self.folder)

    def plan(self, graph: dict[str, Any], **given: Any) -> Plan:
        return plan(check(parse(json.dumps(graph)), self.registry, given), CPU)

    def run(self, graph: dict[str, Any], **given: Any) -> Told:
        return Told(list(run(self.plan(graph, **given), self.cache)))

    def problems(self, graph: dict[str, Any] | str, **given: Any) -> list[str]:
        text = graph if isinstance(graph, str) else json.dumps(graph)
        return [str(problem) for problem in check(parse(text), self.registry, given).problems]


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(tmp_path / "cache")


@pytest.fixture
def start_engine(tmp_path: Path) -> Callable[..., Engine]:
    return lambda **options: Engine(tmp_path / "cache", **options)
