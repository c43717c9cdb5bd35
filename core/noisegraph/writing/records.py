"""The records of a run's files: what made each, found out once for all points of a sweep."""

from __future__ import annotations

import importlib.metadata
import inspect
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..checking.args import literals
from ..checking.scope import FlatNode, Literal, Scope, Swept
from ..diffusion.noise import seeds_from
from ..plan import Plan
from ..reading import files
from ..registry import Registry
from ..task import Read, Task
from ..written import Graph
from .provenance import Record

MOST_SEEDS = 1000
"""Of more seeds none is told; the inputs and the graph hold them in any case."""


class Records:
    """Makes the records of one run; `until` is the node at which it stopped, if it was asked to."""

    def __init__(self, plan: Plan, registry: Registry, until: str | None) -> None:
        self.plan = plan
        self.registry = registry
        self.until = until
        top = plan.checked.flat.top
        self._whole = replace(top.graph, parts=_parts(top))
        without_sweep = {key: value for key, value in top.graph.data.items() if key != "sweep"}
        self._point = replace(self._whole, data=without_sweep)
        self._own = {name: _version(name) for name in ("noisegraph", "torch")}
        self._flat = {node.id: node for node in plan.checked.flat.nodes}
        self._places = {node.id: place for place, node in enumerate(plan.checked.flat.nodes)}
        self._nodes: dict[int, list[FlatNode]] = {}
        for node, number in plan.of_node.items():
            self._nodes.setdefault(number, []).append(self._flat[node])
        self._digests: dict[Path, str] = {}
        self._told: dict[str, str | None] = {}

    def of(self, point: int | None = None) -> Record:
        """The record of one point, by its number; of the whole sweep where none is given."""
        numbers = self._above(range(len(self.plan.points)) if point is None else [point])
        tasks = [self.plan.tasks[number] for number in numbers]
        seeds = [given["seed"] for given in (task.literals for task in tasks) if "seed" in given]
        return Record(
            self._whole if point is None else self._point,
            self._inputs(point),
            self.until,
            self.plan.device.precision,
            [seed for index, seed in enumerate(seeds) if seed not in seeds[:index]] if len(seeds) < MOST_SEEDS else [],
            self._versions(tasks),
            {name: told for number in numbers for name, told in self._files(number, point)},
        )

    def leading_to(self, point: int, output: str) -> list[int]:
        """The tasks that one output of a point depends on, in the order of running; the last one gives it."""
        read = self.plan.points[point].outputs[output]
        return self._upstream([read.task]) if isinstance(read, Read) else []

    def seeds_of(self, point: int, output: str, count: int) -> list[list[int]]:
        """The seeds of each of the pictures of an output, as far as they are known to be one an item of the batch.

        They are where the output and the nodes with a seed are known to have as many items as there are pictures.
        """
        numbers = self.leading_to(point, output)
        batches = {number: self._batch(number) for number in numbers}
        if not numbers or batches[numbers[-1]] != count:
            return [[] for _ in range(count)]
        asked = [self.plan.tasks[number].literals.get("seed") for number in numbers if batches[number] == count]
        rows = [seeds_from(seed, count) for seed in asked if isinstance(seed, (int, list))]
        own = [row for row in rows if len(row) == count]
        return [list(dict.fromkeys(row[index] for row in own)) for index in range(count)]

    def _batch(self, number: int) -> int | None:
        """How many items a task's value is known to have."""
        nodes = self._nodes.get(number) or [self._flat[self.plan.tasks[number].id.partition("[")[0]]]
        return self.plan.checked.facts.get(self._places[nodes[0].id], {}).get("batch")

    def _above(self, points: Sequence[int]) -> list[int]:
        """The tasks that the points' outputs depend on, in the order of running."""
        outputs = (read for point in points for read in self.plan.points[point].outputs.values())
        return self._upstream([read.task for read in outputs if isinstance(read, Read)])

    def _upstream(self, left: list[int]) -> list[int]:
        """These tasks and all that they depend on, in the order of running."""
        seen: set[int] = set()
        while left:
            number = left.pop()
            if number not in seen:
                seen.add(number)
                left += self.plan.tasks[number].upstream()
        return sorted(seen)

    def _inputs(self, point: int | None) -> dict[str, Any]:
        inputs: dict[str, Any] = {}
        for name, arg in self.plan.checked.flat.top.bound.items():
            if type(arg) is Literal:
                inputs[name] = arg.value
            elif type(arg) is Swept and point is not None:
                inputs[name] = self.plan.points[point].given[name]
        return inputs

    def _versions(self, tasks: Sequence[Task]) -> dict[str, str]:
        versions = dict(self._own)
        for name in sorted({task.spec.plugin for task in tasks}):
            plugin = self.registry.plugin(name)
            versions.setdefault(plugin.distribution, plugin.version)
        return versions

    def _files(self, number: int, point: int | None) -> Iterator[tuple[str, str]]:
        """The hashes of the files that a task's nodes name, and what their `version` says of others that they read.

        Nodes that name different files of one content share a task: each is told with the file that it names itself.
        """
        task = self.plan.tasks[number]
        spec = task.spec
        named = [port.name for port in spec.params if port.file is not None]
        if not named and spec.options.version is None:
            return
        for node in self._nodes.get(number) or [self._flat[task.id.partition("[")[0]]]:
            for values in self._values(node, point):
                for port in named:
                    for path in files.named(values.get(port)):
                        yield f"{node.id}.{port} {path.name}", self._digest(path)
                told = self._told_by(node, values)
                if told is not None:
                    yield f"{node.id} {spec.full_name}", told

    def _values(self, node: FlatNode, point: int | None) -> Iterator[Mapping[str, Any]]:
        """The node's literals at the point, or at each."""
        swept = {port: arg for port, arg in node.args.items() if type(arg) is Swept}
        points = [point] if point is not None else range(len(self.plan.points)) if swept else [0]
        for number in points:
            yield literals(node.args) | {
                port: self.plan.checked.swept_value(node, port, arg.name, number) for port, arg in swept.items()
            }

    def _digest(self, path: Path) -> str:
        if path not in self._digests:
            self._digests[path] = files.digest(path)
        return self._digests[path]

    def _told_by(self, node: FlatNode, values: Mapping[str, Any]) -> str | None:
        """What the node's `version` says; None where it has none, or fails: then the node runs each time."""
        version = node.spec.options.version
        if version is None:
            return None
        ports = node.spec.ports
        given = {name: values.get(name, ports[name].default) for name in inspect.signature(version).parameters}
        known = f"{node.spec.full_name} {json.dumps(given, default=repr, sort_keys=True)}"
        if known not in self._told:
            self._told[known] = None
            with suppress(Exception, SystemExit):
                self._told[known] = str(version(**given))
        return self._told[known]


def _parts(top: Scope) -> dict[str, Graph]:
    """The graphs that a graph uses, each with those that it uses itself."""
    made: dict[int, Graph] = {}

    def part(scope: Scope) -> Graph:
        if id(scope.graph) not in made:
            made[id(scope.graph)] = replace(scope.graph, parts=_used(scope, part))
        return made[id(scope.graph)]

    return _used(top, part)


def _used(scope: Scope, part: Callable[[Scope], Graph]) -> dict[str, Graph]:
    return {scope.graph.nodes[name]["use"]: part(inner) for name, inner in scope.graphs.items()}


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "none"


def differences(record: Record, plan: Plan, registry: Registry) -> list[str]:
    """What is different now from when the record was made, as far as it may change the result."""
    now = Records(plan, registry, record.until).of()
    told = [
        f"{name} was {was}, is {now.versions.get(name, 'not there')}"
        for name, was in record.versions.items()
        if now.versions.get(name) != was
    ]
    told += [f"{name} has changed" for name, was in record.files.items() if now.files.get(name, was) != was]
    if record.precision != now.precision:
        told.append(f"it was made on {record.precision}, this is {now.precision}")
    return told
