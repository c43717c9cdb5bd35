"""What somebody asks to be run: a graph, values for its inputs, a sweep, where to stop, and the device."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from math import prod
from typing import Any, TypeAlias

from .check import Checked, check
from .devices import Device, resolve
from .errors import GraphError, Place, Problem, did_you_mean
from .form import MOST_POINTS
from .plan import Plan, plan
from .registry import Registry
from .written import Graph, escaped

Refusal: TypeAlias = Callable[[Checked], Iterable[Problem]]
EVERYTHING = "*"
"""Asks for all nodes to be run afresh."""


@dataclass(frozen=True)
class Request:
    """`given` are values of inputs, `sweep` lists of values whose product is run, `until` a node to stop at."""

    graph: Graph
    given: Mapping[str, Any] = field(default_factory=dict)
    sweep: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    until: str | None = None
    device: str = "auto"
    dtype: str = "auto"


def checked(request: Request, registry: Registry, found: Iterable[Problem] = ()) -> Checked:
    """The request's graph, checked; its problems follow those that were `found` before."""
    problems = [*found, *_sweep_problems(request)]
    graph = request.graph if problems else _swept(request)
    done = check(graph, registry, request.given, request.until)
    return done._replace(problems=(*problems, *done.problems))


def planned(
    request: Request,
    registry: Registry,
    found: Iterable[Problem] = (),
    refuse: Refusal = lambda done: (),
    open_inputs: bool = False,
) -> Plan:
    """The plan of a request; raises GraphError with all that is wrong with it.

    That is what was `found` before, what a check finds, and what `refuse` finds in the checked graph. A plan that is
    only to be told may have `open_inputs`: without a value.
    """
    problems = list(found)
    try:
        device = resolve(request.device, request.dtype)
    except GraphError as error:
        problems += error.problems
        device = Device("cpu", "float32")
    done = checked(request, registry, problems)
    return plan(done._replace(problems=(*done.problems, *refuse(done))), device, open_inputs)


def afresh(plan: Plan, nodes: Collection[str]) -> set[int]:
    """The numbers of the tasks of these nodes, at every point of a sweep; raises GraphError for an unknown node."""
    if EVERYTHING in nodes:
        return set(range(len(plan.tasks)))
    unknown = [node for node in nodes if node not in plan.of_node]
    if unknown:
        where = Place(plan.checked.flat.top.graph.name)
        hints = ((node, did_you_mean(node, plan.of_node) or "name one of the graph's nodes") for node in unknown)
        raise GraphError(Problem(where, f"no node '{node[:200]}' to run afresh", hint) for node, hint in hints)
    firsts = {plan.of_node[node] for node in nodes}
    return firsts | {number for number, task in enumerate(plan.tasks) if task.id.partition("[")[0] in nodes}


def _sweep_problems(request: Request) -> list[Problem]:
    inputs, where = request.graph.inputs, Place(request.graph.name)
    problems = []
    for name, values in request.sweep.items():
        if name not in inputs:
            hint = did_you_mean(name, inputs) or f"its inputs are {', '.join(inputs) or 'none'}"
            problems.append(Problem(where, f"no input '{name[:200]}' to sweep", hint))
        elif not values:
            problems.append(Problem(where, f"no values to sweep '{name}' through"))
        if name in request.given:
            problems.append(Problem(where, f"input '{name}' is given a value and swept", "do one of them"))
    count = prod(map(len, request.sweep.values())) * len(request.graph.points)
    if count > MOST_POINTS:
        problems.append(Problem(where, f"a sweep of {count} points", f"take at most {MOST_POINTS}"))
    return problems


def _swept(request: Request) -> Graph:
    """The graph with the sweep that is asked for; an input that is given or swept anew leaves the graph's own sweep."""
    graph = request.graph
    if not request.sweep and not graph.data.get("sweep"):
        return graph
    fixed = request.given.keys() | request.sweep.keys()
    rows = [{name: value for name, value in point.items() if name not in fixed} for point in graph.points]
    distinct = {json.dumps(row, sort_keys=True): row for row in rows}.values()
    asked = [dict(zip(request.sweep, values, strict=True)) for values in product(*request.sweep.values())]
    points = [{**row, **values} for row in distinct for values in asked]
    return replace(graph, data={**graph.data, "sweep": escaped(points) if points != [{}] else None})
