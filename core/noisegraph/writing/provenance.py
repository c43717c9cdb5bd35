"""What made a picture: the graph with all that it uses, the inputs, versions and file hashes, as text to put in it."""

from __future__ import annotations

import importlib.metadata
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..checking.args import Literal, Swept
from ..checking.scope import Scope
from ..errors import GraphError, Place
from ..graph import Graph, parse
from ..plan import Plan, Point, Read, Task
from ..reading import files
from ..registry import Registry

FORMAT = 1
_DEEPEST = 64
"""How deep a stored graph may stand in stored graphs; a check refuses less."""


@dataclass(frozen=True)
class Record:
    """How the outputs of a run, or of one point of a sweep, came about: enough to make them again.

    `versions` are those of distributions, `files` the hashes of what nodes read.
    """

    graph: Graph
    inputs: Mapping[str, Any]
    until: str | None
    precision: str
    seeds: Sequence[Any] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    part: Mapping[str, Any] = field(default_factory=dict)
    """Which of the run's files this is: its output and, in a batch, the picture's number."""

    def of_part(self, **part: Any) -> Record:
        """The record of one file of the run."""
        return replace(self, part=part)


def record_of(plan: Plan, registry: Registry, until: str | None, point: Point | None = None) -> Record:
    """The record of one point; of the whole sweep where no point is given."""
    graph = plan.checked.flat.top.graph
    if point is not None:
        graph = replace(graph, data={key: value for key, value in graph.data.items() if key != "sweep"})
    tasks = _above(plan, [point] if point is not None else list(plan.points))
    seeds = [task.literals["seed"] for task in tasks if "seed" in task.literals]
    return Record(
        replace(graph, parts=_parts(plan.checked.flat.top)),
        _inputs(plan.checked.flat.top, point),
        until,
        plan.device.precision,
        [seed for index, seed in enumerate(seeds) if seed not in seeds[:index]] if len(seeds) < 1000 else [],
        _versions(tasks, registry),
        {name: told for task in tasks for name, told in _files(task)},
    )


def _inputs(top: Scope, point: Point | None) -> dict[str, Any]:
    inputs: dict[str, Any] = {}
    for name, arg in top.bound.items():
        if type(arg) is Literal:
            inputs[name] = arg.value
        elif type(arg) is Swept and point is not None:
            inputs[name] = point.given[name]
    return inputs


def _above(plan: Plan, points: Sequence[Point]) -> list[Task]:
    """The tasks that the points' outputs depend on, in the order of running."""
    left = [read.task for point in points for read in point.outputs.values() if isinstance(read, Read)]
    seen: set[int] = set()
    while left:
        number = left.pop()
        if number not in seen:
            seen.add(number)
            left += plan.tasks[number].upstream()
    return [plan.tasks[number] for number in sorted(seen)]


def _parts(top: Scope) -> dict[str, Graph]:
    """The graphs that a graph uses, each with those that it uses itself."""
    made: dict[int, Graph] = {}

    def part(scope: Scope) -> Graph:
        if id(scope.graph) not in made:
            made[id(scope.graph)] = replace(scope.graph, parts=_used(scope, part))
        return made[id(scope.graph)]

    return _used(top, part)


def _used(scope: Scope, part: Callable[[Scope], Graph]) -> dict[str, Graph]:
    inner = {name: one for name, one in scope.nodes.items() if isinstance(one, Scope)}
    return {scope.graph.nodes[name]["use"]: part(one) for name, one in inner.items()}


def _versions(tasks: Sequence[Task], registry: Registry) -> dict[str, str]:
    versions = {name: _version(name) for name in ("noisegraph", "torch")}
    for name in sorted({task.spec.plugin for task in tasks}):
        plugin = registry.plugin(name)
        versions.setdefault(plugin.distribution, plugin.version)
    return versions


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "none"


def _files(task: Task) -> list[tuple[str, str]]:
    """The hashes of the files that a task's parameters name, and what its node says of others that it reads."""
    node = task.id.partition("[")[0]
    told = [
        (f"{node}.{port.name} {path.name}", files.digest(path))
        for port in task.spec.params
        if port.file is not None
        for path in files.named(task.literals.get(port.name))
    ]
    version = task.spec.options.version
    if version is not None:
        names = inspect.signature(version).parameters
        given = {name: task.literals.get(name, task.spec.ports[name].default) for name in names}
        with suppress(Exception, SystemExit):  # a node whose version cannot be told runs each time
            told.append((f"{node} {task.spec.full_name}", str(version(**given))))
    return told


def dump(record: Record) -> str:
    """The record as one line of JSON; the same record gives the same text."""
    graphs: list[dict[str, Any]] = []
    numbers: dict[int, int] = {}

    def number(graph: Graph) -> int:
        if id(graph) not in numbers:
            parts = {use: number(part) for use, part in graph.parts.items()}
            numbers[id(graph)] = len(graphs)
            graphs.append({"name": Path(graph.name).name, "text": graph.text, "parts": parts})
        return numbers[id(graph)]

    top = number(record.graph)
    told = {
        "noisegraph": FORMAT,
        "graph": top,
        "graphs": graphs,
        "sweep": record.graph.data.get("sweep") or None,
        "inputs": record.inputs,
        "until": record.until,
        "precision": record.precision,
        "seeds": record.seeds,
        "versions": record.versions,
        "files": record.files,
        "part": record.part,
    }
    return json.dumps({key: value for key, value in told.items() if value is not None}, ensure_ascii=False)


def load(text: str, name: str, folder: Path | None) -> Record:
    """The record in a file `name`, which lies in `folder`; raises GraphError where the text is none."""
    try:
        told = json.loads(text)
        graphs = _graphs(told["graphs"], name, folder)
        graph = graphs[told["graph"]]
        data = {key: value for key, value in graph.data.items() if key != "sweep"}
        sweep = {"sweep": _rows(told["sweep"])} if told.get("sweep") else {}
        return Record(
            replace(graph, data={**data, **sweep}),
            dict(told["inputs"]),
            told.get("until"),
            str(told["precision"]),
            list(told["seeds"]),
            {str(key): str(value) for key, value in told["versions"].items()},
            {str(key): str(value) for key, value in told["files"].items()},
            dict(told["part"]),
        )
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        what = f"what it says of how it was made cannot be read ({type(error).__name__}: {error})"
        raise GraphError.of(what, "it may come from a newer noisegraph", Place(name)) from None


def _rows(sweep: Any) -> list[dict[str, Any]]:
    if not (isinstance(sweep, list) and all(isinstance(row, dict) and row.keys() == sweep[0].keys() for row in sweep)):
        raise ValueError("the sweep is no list of rows")
    return sweep


def _graphs(told: list[dict[str, Any]], name: str, folder: Path | None) -> list[Graph]:
    """The stored graphs; each may use those before it."""
    graphs: list[Graph] = []
    for one in told[: _DEEPEST**2]:
        if any(not isinstance(place, int) or not 0 <= place < len(graphs) for place in one["parts"].values()):
            raise ValueError("a graph uses one that is not there")
        parts = {use: graphs[place] for use, place in one["parts"].items()}
        graphs.append(replace(parse(str(one["text"]), Path(str(one["name"])).name or name, folder), parts=parts))
    return graphs


def differences(record: Record, plan: Plan, registry: Registry) -> list[str]:
    """What is different now from when the record was made, as far as it may change the result."""
    now = record_of(plan, registry, record.until)
    told = [
        f"{name} was {was}, is {now.versions.get(name, 'not there')}"
        for name, was in record.versions.items()
        if now.versions.get(name) != was
    ]
    told += [f"{name} has changed" for name, was in record.files.items() if now.files.get(name, was) != was]
    if record.precision != now.precision:
        told.append(f"it was made on {record.precision}, this is {now.precision}")
    return told
