"""What makes a cached value count: the same call gives the same key, anything that could change the value another."""

from __future__ import annotations

import errno
import json
import math
import os
from pathlib import Path
from typing import Any

import noisegraph as ng
import pytest
from hypothesis import given
from hypothesis import strategies as st
from noisegraph import keys
from noisegraph.check import check
from noisegraph.devices import Device
from noisegraph.early import Early
from noisegraph.events import NodeFinished
from noisegraph.explain import explain
from noisegraph.graph import load, parse
from noisegraph.history import recall, remember
from noisegraph.plan import plan
from noisegraph.registry import Local, Registry
from noisegraph.run import run
from noisegraph.running.drive import StepKeys, step_keys
from noisegraph.task import Task
from noisegraph.writing.records import Records

from .conftest import CPU, Engine, Told
from .nodes import CALLS, VERSION


@pytest.fixture(autouse=True)
def _forget() -> None:
    CALLS.clear()
    VERSION["now"] = 1


def chain(**more: int) -> dict[str, Any]:
    """a -> b -> c, and d beside; `b=5` gives node b more=5."""
    nodes: dict[str, Any] = {
        "a": {"use": "t.number", "value": more.get("a", 1)},
        "b": {"use": "t.add", "a": "$a", "more": more.get("b", 0)},
        "c": {"use": "t.add", "a": "$b", "more": more.get("c", 0)},
        "d": {"use": "t.add", "a": "$a", "more": more.get("d", 100)},
    }
    return {"nodes": nodes, "outputs": {"c": "$c", "d": "$d"}}


def test_c34_an_unchanged_graph_runs_nothing(engine: Engine) -> None:
    cold = engine.run(chain())
    warm = engine.run(chain())
    assert warm.ran == []
    assert warm.cached == ["c", "d"]
    assert warm.outputs == cold.outputs


@pytest.mark.parametrize(("changed", "again"), [("a", "abcd"), ("b", "bc"), ("c", "c"), ("d", "d")])
def test_c35_one_changed_literal_reruns_its_descendants(engine: Engine, changed: str, again: str) -> None:
    engine.run(chain())
    assert sorted(engine.run(chain(**{changed: 7})).ran) == list(again)


def test_c36_renamed_and_reordered_nodes_hit(engine: Engine) -> None:
    cold = engine.run(chain())
    text = json.dumps(chain()).replace('"b"', '"zz"').replace("$b", "$zz")
    renamed = json.loads(text)
    renamed["nodes"] = dict(reversed(renamed["nodes"].items()))
    told = engine.run(renamed)
    assert told.ran == []
    assert told.outputs == cold.outputs


def test_c37_twins_are_computed_once(engine: Engine) -> None:
    nodes = {f"n{i}": {"use": "t.number", "value": 4} for i in range(5)}
    told = engine.run({"nodes": nodes, "outputs": {f"n{i}": f"$n{i}" for i in range(5)}})
    assert CALLS["number"] == 1
    assert set(told.outputs.values()) == {4}


def test_c38_a_further_wire_changes_the_key(engine: Engine) -> None:
    graph = chain()
    engine.run(graph)
    graph["nodes"]["c"]["b"] = "$a"
    assert engine.run(graph).ran == ["c"]


VALUES = [1, 1.0, True, "1", 0, 0.0, -0.0, False, None, "", [], [1], [[1]], ["1"], {}, {"a": 1}, "None", 2**70, 1e300]


def test_c39_values_that_look_alike_are_told_apart(engine: Engine) -> None:
    for value in VALUES:
        graph = {"nodes": {"n": {"use": "t.anything", "value": value}}, "outputs": {"n": "$n"}}
        assert engine.run(graph).outputs == {"n": repr(value)}
    assert CALLS["anything"] == len(VALUES)


LISTS = st.lists(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(), max_size=4)


@given(LISTS, LISTS)
def test_two_lists_have_the_same_bytes_only_when_they_are_the_same(a: list[Any], b: list[Any]) -> None:
    def same(x: Any, y: Any) -> bool:
        return type(x) is type(y) and x == y and (type(x) is not float or math.copysign(1, x) == math.copysign(1, y))

    equal = len(a) == len(b) and all(map(same, a, b))
    assert (keys.literal(a) == keys.literal(b)) == equal


def _registry(more: int) -> Registry:
    if more == 1:

        @ng.node
        def number(*, value: int = 0) -> int:
            """A number."""
            return value + 1
    else:

        @ng.node
        def number(*, value: int = 0) -> int:
            """A number."""
            return value + 2

    return Registry([Local("v", [number])])


def test_c40_changed_code_changes_the_key(engine: Engine) -> None:
    graph = parse(json.dumps({"nodes": {"n": {"use": "v.number"}}, "outputs": {"n": "$n"}}))
    values = []
    for more in (1, 2, 1):
        told = Told(list(run(plan(check(graph, _registry(more)), CPU), engine.cache)))
        values.append((told.outputs["n"], told.cached))
    assert values == [(1, []), (2, []), (1, ["n"])]


def test_c40_another_precision_changes_the_key(engine: Engine) -> None:
    checked = check(parse(json.dumps(chain())), engine.registry)
    seen = {
        plan(checked, Device(name, dtype)).tasks[0].key
        for name, dtype in [("cpu", "float32"), ("cpu", "bfloat16"), ("cuda", "bfloat16"), ("cuda", "float32")]
    }
    assert len(seen) == 4
    one, other = (plan(checked, Device(name, "bfloat16")).tasks[0].key for name in ("cuda:0", "cuda:1"))
    assert one == other


def test_c40_steps_in_another_precision_have_other_keys(engine: Engine) -> None:
    """The node that steps may have a device of its own, and what it reads another."""

    def steps(**device: str) -> StepKeys:
        graph = {
            "nodes": {
                "x": {"use": "t.tensor", "device": "cpu"},
                "a": {"use": "t.adder", "device": "cpu"},
                "n": {"use": "t.shared", "x": "$x", "before": "$a", "after": "$a", **device},
            },
            "outputs": {"x": "$n"},
        }
        planned = plan(check(parse(json.dumps(graph)), engine.registry), Device("cuda", "bfloat16"))
        early, number = Early(planned), planned.of_node["n"]
        loop = early.loop(number)
        assert loop is not None
        return step_keys(planned.tasks[number], loop, early.provenance)

    here, there = steps(), steps(device="cpu")
    assert here.shared
    assert set(here.known).isdisjoint(there.known)


def test_c40_a_dtype_of_its_own_gives_a_node_another_key_and_is_what_it_runs_in(engine: Engine) -> None:
    def task(**more: str) -> Task:
        graph = {"nodes": {"n": {"use": "t.tensor", **more}}, "outputs": {"x": "$n"}}
        checked = check(parse(json.dumps(graph)), engine.registry)
        assert not checked.problems
        return plan(checked, Device("cpu", "bfloat16")).tasks[0]

    plain, wide, same = task(), task(dtype="float32"), task(dtype="bfloat16", device="cpu")
    assert plain.key == same.key
    assert plain.key != wide.key
    assert Device("cpu", "bfloat16").on(wide.device or "") == Device("cpu", "float32")


def test_c40_a_file_counts_by_its_content(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one")
    (tmp_path / "b.txt").write_text("one")
    path = tmp_path / "g.json"

    def told(file: str) -> Told:
        path.write_text(json.dumps({"nodes": {"n": {"use": "t.content", "file": file}}, "outputs": {"n": "$n"}}))
        return Told(list(run(plan(check(load(path), engine.registry), CPU), engine.cache)))

    assert told("a.txt").outputs == {"n": "one"}
    assert told("b.txt").cached == ["n"]
    (tmp_path / "a.txt").write_text("two!")
    assert told("a.txt").outputs == {"n": "two!"}
    (tmp_path / "a.txt").write_text("one")
    assert told("a.txt").cached == ["n"]


def test_c40_a_list_of_files_counts_by_their_contents(engine: Engine, tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(name)
    graph = parse(
        json.dumps({"nodes": {"n": {"use": "t.contents", "files": ["a.txt", "b.txt"]}}, "outputs": {"n": "$n"}}),
        folder=tmp_path,
    )

    def told() -> Told:
        return Told(list(run(plan(check(graph, engine.registry), CPU), engine.cache)))

    assert told().outputs == {"n": "a.txtb.txt"}
    assert told().cached == ["n"]
    (tmp_path / "b.txt").write_text("two")
    assert told().outputs == {"n": "a.txttwo"}
    record = Records(plan(check(graph, engine.registry), CPU), engine.registry, None).of()
    assert record.files.keys() == {"n.files a.txt", "n.files b.txt"}


def test_a_node_whose_version_cannot_be_told_is_in_no_record_and_breaks_none(engine: Engine) -> None:
    VERSION["now"] = "raise"
    planned = engine.plan({"nodes": {"n": {"use": "t.watched"}}, "outputs": {"n": "$n"}})
    assert Records(planned, engine.registry, None).of().files == {}


def test_c41_a_version_function_that_tells_the_same_is_cached(engine: Engine) -> None:
    graph = {"nodes": {"n": {"use": "t.watched"}}, "outputs": {"n": "$n"}}
    engine.run(graph)
    assert engine.run(graph).cached == ["n"]
    VERSION["now"] = 2
    assert engine.run(graph).ran == ["n"]


@pytest.mark.parametrize("told", [float("nan"), math.nan, "raise", object()])
def test_c41_a_version_function_that_cannot_tell_runs_the_node_each_time(engine: Engine, told: Any) -> None:
    VERSION["now"] = told
    graph = {"nodes": {"n": {"use": "t.watched"}, "m": {"use": "t.add", "a": "$n"}}, "outputs": {"m": "$m"}}
    assert engine.run(graph).ran == ["n", "m"]
    assert engine.run(graph).ran == ["n", "m"]


def test_c44_a_b_a_hits(engine: Engine) -> None:
    for value, hits in [(1, []), (2, []), (1, ["c", "d"])]:
        assert engine.run(chain(a=value)).cached == hits


def test_c45_the_cache_survives_a_restart(engine: Engine) -> None:
    engine.run(chain())
    assert engine.restart().run(chain()).ran == []


def test_c50_an_impure_node_and_what_reads_it_always_run(engine: Engine) -> None:
    graph = {
        "nodes": {"f": {"use": "t.fresh"}, "m": {"use": "t.add", "a": "$f"}, "n": {"use": "t.number"}},
        "outputs": {"m": "$m", "n": "$n"},
    }
    first, second = engine.run(graph), engine.run(graph)
    assert second.ran == ["f", "m"]
    assert second.cached == ["n"]
    assert first.outputs["m"] != second.outputs["m"]


def test_a_node_that_is_not_to_be_stored_runs_and_what_reads_it_hits(engine: Engine) -> None:
    graph = chain()
    graph["nodes"]["c"]["cache"] = False
    engine.run(graph)
    told = engine.run(graph)
    assert told.ran == ["c"]
    assert told.cached == ["b", "d"]


@pytest.mark.parametrize("kept", ["a", "b"])
def test_a_node_that_is_not_to_be_stored_is_not_stored_through_its_twin(engine: Engine, kept: str) -> None:
    nodes: dict[str, Any] = {name: {"use": "t.number", "value": 3} for name in "ab"}
    nodes["b" if kept == "a" else "a"]["cache"] = False
    graph = {"nodes": nodes, "outputs": {"a": "$a", "b": "$b"}}
    engine.run(graph)
    assert engine.run(graph).cached == []


def test_c53_a_failed_node_is_never_cached(engine: Engine) -> None:
    graph = {"nodes": {"n": {"use": "t.fail"}}, "outputs": {"n": "$n"}}
    engine.run(graph)
    assert engine.run(graph).failed.keys() == {"n"}


def test_c55_what_was_served_is_told_and_nothing_else(engine: Engine) -> None:
    engine.run(chain())
    graph = chain(c=9)
    told = engine.run(graph)
    assert told.cached == ["b", "d"]
    assert told.ran == ["c"]


def test_c58_a_fan_in_of_depth_forty_is_planned_in_no_time(engine: Engine) -> None:
    nodes: dict[str, Any] = {"n0": {"use": "t.number", "value": 1}}
    for index in range(1, 41):
        nodes[f"n{index}"] = {"use": "t.add", "a": f"$n{index - 1}", "b": f"$n{index - 1}"}
    assert engine.run({"nodes": nodes, "outputs": {"x": "$n40"}}).outputs == {"x": 2**40}


def test_asking_for_a_node_afresh_runs_it_and_what_reads_it(engine: Engine) -> None:
    engine.run(chain())
    planned = engine.plan(chain())
    told = Told(list(run(planned, engine.cache, fresh=[planned.of_node["b"]])))
    assert told.ran == ["b", "c"]


def _why(engine: Engine, graph: dict[str, Any], folder: Path) -> dict[str, str]:
    planned = engine.plan(graph)
    return {one.node: f"{one.state}, {one.why}" for one in explain(planned, engine.cache, recall(folder, "graph"))}


def test_a_plan_says_what_is_cached_and_why_the_rest_will_run(engine: Engine, tmp_path: Path) -> None:
    assert set(_why(engine, chain(), tmp_path).values()) == {"run, never run"}
    planned = engine.plan(chain())
    told = list(run(planned, engine.cache))
    remember(tmp_path, planned, {event.node: event.seconds for event in Told(told).of(NodeFinished)})
    assert _why(engine, chain(), tmp_path) == {
        "a": "hidden, what reads it is cached", "b": "hidden, what reads it is cached",
        "c": "cached, in memory", "d": "cached, in memory",
    }  # fmt: skip
    assert _why(engine, chain(b=4), tmp_path) == {
        "a": "cached, in memory", "b": "run, parameter 'more' changed 0 -> 4", "c": "run, upstream changed: b",
        "d": "cached, in memory",
    }  # fmt: skip
    graph = chain()
    graph["nodes"]["b"] = {"use": "t.total", "items": ["$a"]}
    assert _why(engine, graph, tmp_path)["b"] == "run, t.add became t.total"
    engine.cache.memory.clear()
    assert engine.folder is not None
    for entry in engine.folder.rglob("*.safetensors"):
        entry.unlink()
    assert _why(engine, chain(), tmp_path)["c"] == "run, no longer cached"


def test_a_history_that_cannot_be_written_stays_as_it_was_and_leaves_nothing_behind(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = engine.plan({"nodes": {"n": {"use": "t.number", "value": 3}}, "outputs": {"n": "$n"}})
    remember(tmp_path, planned, {"n": 1.0})
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    def full(file: int, *rest: Any, **more: Any) -> Any:
        os.close(file)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fdopen", full)
    remember(tmp_path, planned, {"n": 2.0})
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
