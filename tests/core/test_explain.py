"""What a plan tells: nodes that come to one task, and loops that tell wrongly of themselves."""

from __future__ import annotations

import json
import time
from typing import Any

import noisegraph as ng
import pytest
from noisegraph.check import check
from noisegraph.devices import Device
from noisegraph.explain import Explained, explain
from noisegraph.graph import parse
from noisegraph.plan import plan
from noisegraph.registry import Local, Registry
from noisegraph.run import run
from noisegraph.serving.protocol import explained
from noisegraph.store.cache import Cache

from .conftest import Told


@ng.node
def number(*, value: int = 0) -> int:
    """A whole number."""
    return value


@ng.node
def total(items: list[int]) -> int:
    """The sum of a list."""
    return sum(items)


@ng.node(pure=False)
def dice() -> int:
    """A number that nobody knows."""
    return 4


def _unknown() -> str:
    raise OSError


@ng.node(version=_unknown)
def dated(a: int = 0) -> int:
    """Something in a file that is not there."""
    return a


@ng.node(early=True)
def odd_loop(*, steps: int = 3, reads: str = "well") -> ng.Loop[int]:
    """Counts to the third step, and tells of its steps as it is asked to."""

    def told(index: int) -> tuple[int]:
        if reads == "raises":
            raise ZeroDivisionError("no such step")
        if reads == "leaves":
            raise SystemExit(3)
        return (index,)

    return ng.Loop(
        lambda: 0, lambda state, index: state + 1, steps, lambda state: state, reads=told, done=lambda state: state >= 3
    )


@ng.node(early=True)
def leaving() -> ng.Loop[int]:
    """Ends the process, or would."""
    raise SystemExit(3)


REGISTRY = Registry([Local("t", [number, total, dice, dated, odd_loop, leaving])])


def told(nodes: dict[str, Any], output: str, cache: Cache | None = None) -> tuple[Explained, ...]:
    """What is told of a graph that never ran."""
    graph = parse(json.dumps({"nodes": nodes, "outputs": {"out": f"${output}"}}))
    return explain(plan(check(graph, REGISTRY), Device("cpu", "float32")), cache or Cache(10**6, None), {})


def twins(count: int) -> dict[str, Any]:
    """A graph in which so many nodes do the same."""
    names = [f"n{index}" for index in range(count)]
    nodes = {name: {"use": "t.number", "value": 1} for name in names}
    return {**nodes, "sum": {"use": "t.total", "items": [f"${name}" for name in names]}}


def test_few_twins_are_named_and_of_many_the_first_and_how_many_more() -> None:
    assert str(told(twins(1), "sum")[0]) == "n0: run, never run"
    assert str(told(twins(3), "sum")[0]) == "n0 = n1 = n2: run, never run"
    assert str(told(twins(30), "sum")[0]) == "n0 + 29 more: run, never run"


def test_as_data_a_task_has_the_name_of_its_first_node_and_the_others_beside_it() -> None:
    first, second = explained(told(twins(4), "sum"))["nodes"]
    assert (first["node"], first["twins"]) == ("n0", ["n1", "n2", "n3"])
    assert (second["node"], second["twins"]) == ("sum", [])


def test_a_loop_of_a_billion_steps_is_planned_and_run_at_once() -> None:
    nodes = {"n": {"use": "t.odd_loop", "steps": 10**9}}
    began = time.process_time()
    assert str(told(nodes, "n")[0]) == "n: run, never run; 1000000000 steps"
    graph = parse(json.dumps({"nodes": nodes, "outputs": {"out": "$n"}}))
    events = list(run(plan(check(graph, REGISTRY), Device("cpu", "float32")), Cache(10**6, None)))
    assert Told(events).outputs == {"out": 3}
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("reads", "reason"), [("raises", "ZeroDivisionError: no such step"), ("leaves", "SystemExit: 3")]
)
def test_a_loop_that_cannot_say_what_its_steps_read_is_told_and_the_rest_of_the_plan_too(
    reads: str, reason: str
) -> None:
    nodes = {"n": {"use": "t.odd_loop", "reads": reads}, "sum": {"use": "t.total", "items": ["$n"]}}
    first, second = told(nodes, "sum")
    assert str(first) == f"n: run, never run; what its steps read cannot be told: {reason}"
    assert str(second) == "sum: run, never run"


@pytest.mark.parametrize("node", [{"use": "t.odd_loop", "steps": -1}, {"use": "t.leaving"}])
def test_a_loop_that_cannot_be_made_is_planned_without_its_steps(node: dict[str, Any]) -> None:
    assert str(told({"n": node}, "n")[0]) == "n: run, never run"


@pytest.mark.parametrize("steps", [-1, 2.0, True, None])
def test_the_steps_of_a_loop_are_counted_in_whole_numbers(steps: Any) -> None:
    with pytest.raises(ValueError, match=f"0 or more, found {steps}"):
        ng.Loop(lambda: 0, lambda state, index: state, steps, lambda state: state)


def test_only_what_depends_on_an_input_without_a_value_is_told_to_lack_it() -> None:
    nodes = {
        "open": {"use": "t.number", "value": "$value"},
        "closed": {"use": "t.dice"},
        "above": {"use": "t.total", "items": ["$open", "$closed"]},
        "beside": {"use": "t.total", "items": ["$closed"]},
        "unread": {"use": "t.dated", "a": "$closed"},
        "dated": {"use": "t.dated"},
        "all": {"use": "t.total", "items": ["$above", "$beside", "$unread", "$dated"]},
    }
    graph = parse(json.dumps({"inputs": {"value": None}, "nodes": nodes, "outputs": {"out": "$all"}}))
    made = plan(check(graph, REGISTRY), Device("cpu", "float32"), open_inputs=True)
    assert {line.node: line.why for line in explain(made, Cache(10**6, None), {})} == {
        "open": "needs a value for 'value'",
        "closed": "its value may differ from run to run",
        "above": "what it reads needs a value",
        "beside": "it reads a node whose value may differ from run to run",
        "unread": "it reads a node whose value may differ from run to run",
        "dated": "the version of what it reads is not known",
        "all": "what it reads needs a value",
    }


def test_inputs_without_a_value_are_told_and_what_reads_them_never_meets_the_cache() -> None:
    """A plan may be told before all inputs are known; to run it, they must be."""
    nodes = {
        "open": {"use": "t.number", "value": "$value"},
        "other": {"use": "t.number", "value": 2},
        "sum": {"use": "t.total", "items": ["$open", "$other"]},
    }
    graph = parse(json.dumps({"inputs": {"value": None}, "nodes": nodes, "outputs": {"out": "$sum"}}))
    checked, device = check(graph, REGISTRY), Device("cpu", "float32")
    first, second = (plan(checked, device, open_inputs=True) for _ in range(2))
    lines = [str(line) for line in explain(first, Cache(10**6, None), {})]
    assert sorted(lines) == [
        "open: run, needs a value for 'value'",
        "other: run, never run",
        "sum: run, what it reads needs a value",
    ]
    keys = [{task.id: task.key for task in made.tasks} for made in (first, second)]
    assert keys[0]["other"] == keys[1]["other"]
    assert keys[0]["open"] != keys[1]["open"]
    assert keys[0]["sum"] != keys[1]["sum"]
    with pytest.raises(ng.GraphError, match="needs a value"):
        plan(checked, device)
