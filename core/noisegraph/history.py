"""What a graph's nodes were when they last ran, so that a plan can say what has changed since."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from .plan import Plan
from .reading.memo import write_whole
from .running.guard import summary
from .task import Task

MOST_NODES = 5_000
"""Larger graphs are not remembered."""


@dataclass(frozen=True)
class Memory:
    """One node as it last ran: `values` are its parameters in short, `reads` the keys of what it read."""

    use: str
    key: str
    code: str
    precision: str
    values: Mapping[str, str]
    reads: Mapping[str, str]
    seconds: float


def recall(folder: Path | None, graph: str) -> dict[str, Memory]:
    """Node -> how it was when it last ran; empty where nothing is known."""
    if folder is None:
        return {}
    try:
        data = json.loads(_file(folder, graph).read_text("utf-8"))
        return {node: Memory(**entry) for node, entry in data.items()}
    except (OSError, ValueError, TypeError):
        return {}


def remember(folder: Path | None, plan: Plan, seconds: Mapping[str, float]) -> None:
    """Note the nodes that finished (node -> seconds they took); to fail here must not fail a run."""
    if folder is None or len(plan.tasks) > MOST_NODES or not seconds:
        return
    graph = plan.checked.flat.top.graph.name
    known = recall(folder, graph)
    for node, number in plan.of_node.items():
        task = plan.tasks[number]
        if task.id in seconds:
            known[node] = describe(plan, task, seconds[task.id])
    with suppress(OSError):
        write_whole(_file(folder, graph), json.dumps({node: asdict(entry) for node, entry in known.items()}))


def describe(plan: Plan, task: Task, seconds: float = 0.0) -> Memory:
    """A task as it is now."""
    reads = {name: _reading(plan, read.task, read.fields) for name, read in task.reads}
    for name, items in task.lists:
        reads[name] = ",".join(_reading(plan, read.task, read.fields) for read in items)
    values = {name: _shown(value) for name, value in task.literals.items()}
    values |= {
        port.name: _shown(port.default)
        for port in task.spec.params
        if port.name not in values and port.name not in reads and not port.required
    }
    device = plan.device if task.device is None else plan.device.on(task.device)
    return Memory(
        task.spec.full_name, task.key.hex(), task.spec.fingerprint.hex(), device.precision, values, reads, seconds
    )


def _reading(plan: Plan, number: int, fields: tuple[str, ...]) -> str:
    return ".".join((plan.tasks[number].key.hex(), *fields))


def _shown(value: Any) -> str:
    return json.dumps(value) if isinstance(value, (int, float, str, bool, type(None))) else summary(value)


def _file(folder: Path, graph: str) -> Path:
    name = str(Path(graph).absolute()) if Path(graph).exists() else graph
    return folder / "history" / f"{blake2b(name.encode(), digest_size=16).hexdigest()}.json"
