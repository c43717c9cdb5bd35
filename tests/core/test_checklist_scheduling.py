"""What runs, in which order, and how it is cancelled: a test for each line of the list on scheduling."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from noisegraph.check import check
from noisegraph.errors import GraphError
from noisegraph.events import NodeCached, NodeFinished, NodeStarted, NodeStepped
from noisegraph.graph import load
from noisegraph.plan import Plan, plan
from noisegraph.run import run

from .conftest import CPU, Engine, Told
from .nodes import CALLS, VERSION
from .odd_nodes import ALIVE, chain, made


@pytest.fixture
def here(tmp_path: Path) -> Engine:
    """An engine that knows these nodes too."""
    CALLS.clear()
    ALIVE.clear()
    VERSION["now"] = 1
    return made(tmp_path / "cache")


SLOW: dict[str, Any] = {
    "nodes": {"x": {"use": "t.tensor"}, "n": {"use": "t.slow_count", "x": "$x", "steps": 2000}},
    "outputs": {"x": "$n"},
}


PART = {"inputs": {"a": None}, "nodes": {"s": {"use": "t.add", "a": "$a", "more": 5}}, "outputs": {"sum": "$s"}}


def _planned(engine: Engine, folder: Path, graph: dict[str, Any]) -> Plan:
    (folder / "part.json").write_text(json.dumps(PART))
    (folder / "whole.json").write_text(json.dumps(graph))
    return plan(check(load(folder / "whole.json"), engine.registry), CPU)


def test_c28_a_run_is_cancelled_within_a_step_and_the_engine_goes_on(here: Engine) -> None:
    events = run(here.plan(SLOW), here.cache)
    for event in events:
        if isinstance(event, NodeStepped) and event.step == 20:
            break
    done = CALLS["slow step"]
    events.close()  # type: ignore[attr-defined]
    assert CALLS["slow step"] <= done + 1
    assert here.run(chain(5)).outputs == {"x": 11}


def test_c28_a_run_is_cancelled_between_two_nodes(here: Engine) -> None:
    events = run(here.plan(chain(50)), here.cache)
    for event in events:
        if isinstance(event, NodeFinished) and event.node == "n10":
            break
    events.close()  # type: ignore[attr-defined]
    assert CALLS["add"] == 10
    assert here.run(chain(50)).ran == [f"n{i}" for i in range(11, 50)]


def test_c28_a_cancelled_run_waits_for_the_step_of_what_runs_beside_it_and_no_longer(here: Engine) -> None:
    graph = {
        "nodes": {**SLOW["nodes"], "r": {"use": "t.read_slowly", "seconds": 0.2}},
        "outputs": {"x": "$n", "r": "$r"},
    }
    threads = threading.active_count()
    events = run(here.plan(graph), here.cache)
    for event in events:
        if isinstance(event, NodeStepped):
            break
    done = CALLS["slow step"]
    events.close()  # type: ignore[attr-defined]
    assert CALLS["slow step"] <= done + 1
    assert threading.active_count() == threads


def test_c30_depth_first_order_holds_one_value_a_level(here: Engine) -> None:
    depth = 7
    made: dict[str, Any] = {f"l{i}": {"use": "m.leaf", "value": float(i)} for i in range(2**depth)}
    names = list(made)
    while len(names) > 1:
        pairs = list(zip(names[::2], names[1::2], strict=True))
        names = [f"s{len(names)}_{index}" for index in range(len(pairs))]
        made |= {name: {"use": "m.both", "x": f"${a}", "y": f"${b}"} for name, (a, b) in zip(names, pairs, strict=True)}
    here.cache.memory.limit = 0
    most = 0
    for _ in run(here.plan({"nodes": made, "outputs": {"x": f"${names[0]}"}}), here.cache):
        most = max(most, sum(one() is not None for one in ALIVE))
    assert len(ALIVE) == 2 ** (depth + 1) - 1
    assert most <= depth + 2


def test_c32_two_runs_at_a_time_tell_nothing_of_one_another(here: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    one = {"nodes": {"one": {"use": "t.number"}, "two": {"use": "t.add", "a": "$one"}}, "outputs": {"x": "$two"}}
    other = {
        "nodes": {"three": {"use": "t.chatty"}, "four": {"use": "t.add", "a": "$three"}},
        "outputs": {"x": "$four"},
    }
    stdout = sys.stdout
    runs = [run(here.plan(graph), here.cache) for graph in (one, other)]
    told = [Told(), Told()]
    left = [0, 1]
    while left:
        for index in list(left):
            event = next(runs[index], None)
            if event is None:
                left.remove(index)
            else:
                told[index].events.append(event)
    assert (told[0].ran, told[1].ran) == (["one", "two"], ["three", "four"])
    assert (told[0].warned, len(told[1].warned)) == ([], 1)
    assert sys.stdout is stdout, "whoever ends last gives stdout back"
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("size", [10, 1000])
def test_c33_there_are_two_events_a_node(here: Engine, size: int) -> None:
    told = here.run(chain(size))
    assert len(told.events) == 2 * size + 2
    assert len(told.of(NodeStarted)) == size
    assert len(here.run(chain(size)).of(NodeCached)) == 1


def test_c63_of_nested_choices_one_branch_runs_and_what_they_share_runs_once(here: Engine) -> None:
    made = {
        "shared": {"use": "t.number", "value": 2},
        "a": {"use": "t.add", "a": "$shared", "more": 1},
        "b": {"use": "t.add", "a": "$shared", "more": 2},
        "c": {"use": "t.fail", "a": "$shared"},
        "inner": {"use": "t.choose", "first": "$a", "second": "$b", "take": "$inner_take"},
        "outer": {"use": "t.choose", "first": "$inner", "second": "$c", "take": "$outer_take"},
    }
    graph = {"inputs": {"inner_take": "first", "outer_take": "first"}, "nodes": made, "outputs": {"x": "$outer"}}
    assert here.run(graph).ran == ["shared", "a", "inner", "outer"]
    second = here.run(graph, inner_take="second")
    assert (second.outputs, second.ran) == ({"x": 4}, ["b", "inner", "outer"])
    assert here.run(graph, outer_take="second").failed.keys() == {"c", "outer"}
    assert CALLS["number"] == 1


def test_c67_a_graph_in_a_graph_hits_what_its_nodes_made_anywhere_else(here: Engine, tmp_path: Path) -> None:
    graph = {
        "nodes": {"n": {"use": "t.number", "value": 3}, "p": {"use": "part.json", "a": "$n"},
                  "q": {"use": "part.json", "a": "$p.sum"}},
        "outputs": {"x": "$q.sum"},
    }  # fmt: skip
    first = Told(list(run(_planned(here, tmp_path, graph), here.cache)))
    assert (first.outputs, first.ran) == ({"x": 13}, ["n", "p/s", "q/s"])
    assert Told(list(run(_planned(here, tmp_path, graph), here.cache))).cached == ["q/s"]
    by_hand = {
        "nodes": {"k": {"use": "t.number", "value": 3}, "one": {"use": "t.add", "a": "$k", "more": 5},
                  "two": {"use": "t.add", "a": "$one", "more": 5}},
        "outputs": {"x": "$two"},
    }  # fmt: skip
    assert here.run(by_hand).cached == ["two"]


def test_c68_a_cycle_through_a_graph_in_a_graph_names_the_node_that_brings_it(here: Engine, tmp_path: Path) -> None:
    graph = {"nodes": {"p": {"use": "part.json", "a": "$q.sum"}, "q": {"use": "part.json", "a": "$p.sum"}},
             "outputs": {"x": "$q.sum"}}  # fmt: skip
    with pytest.raises(GraphError, match=r"wait for one another: .*p/s -> q/s|wait for one another: .*q/s -> p/s"):
        _planned(here, tmp_path, graph)


def test_a_sweep_of_too_many_tasks_is_refused_before_they_are_made(here: Engine) -> None:
    graph = chain(100, inputs={"k": 0}, sweep={"k": list(range(20_000))})
    graph["nodes"]["n0"]["value"] = "$k"
    with pytest.raises(GraphError, match="20000 points of 100 nodes each are more than 1000000 tasks"):
        here.plan(graph)
