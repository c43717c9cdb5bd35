"""What a run does: each node once, in order, freed early, with failures that stay where they are."""

from __future__ import annotations

import errno
import json
import random
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import numpy
import pytest
from noisegraph.errors import GraphError
from noisegraph.events import NodeStepped, RunFinished
from noisegraph.run import run
from noisegraph.running.beside import AHEAD
from noisegraph.store.disk import Disk

from .conftest import Engine, Told
from .nodes import CALLS, MADE, VERSION


@pytest.fixture(autouse=True)
def _forget() -> None:
    CALLS.clear()
    VERSION["now"] = 1


DIAMOND: dict[str, Any] = {
    "nodes": {
        "top": {"use": "t.number", "value": 1},
        "left": {"use": "t.add", "a": "$top", "more": 10},
        "right": {"use": "t.add", "a": "$top", "more": 20},
        "sum": {"use": "t.add", "a": "$left", "b": "$right"},
    },
    "outputs": {"sum": "$sum"},
}


def test_c22_a_diamond_runs_each_node_once(engine: Engine) -> None:
    told = engine.run(DIAMOND)
    assert told.outputs == {"sum": 32}
    assert sorted(told.ran) == ["left", "right", "sum", "top"]
    assert CALLS["number"] == 1


def test_c23_only_what_the_outputs_need_runs(engine: Engine) -> None:
    graph = {**DIAMOND, "outputs": {"left": "$left"}}
    assert engine.run(graph).ran == ["top", "left"]


def test_c23_a_graph_without_outputs_is_refused(engine: Engine) -> None:
    with pytest.raises(GraphError, match="no outputs"):
        engine.run({**DIAMOND, "outputs": {}})


def test_c24_an_output_in_the_middle_runs_as_a_dependency(engine: Engine) -> None:
    told = engine.run({**DIAMOND, "outputs": {"left": "$left", "sum": "$sum"}})
    assert told.outputs == {"left": 11, "sum": 32}
    assert len(told.ran) == 4


def test_c25_the_order_does_not_depend_on_the_order_of_keys(engine: Engine) -> None:
    names = list(DIAMOND["nodes"])
    orders = set()
    for seed in range(10):
        random.Random(seed).shuffle(names)
        nodes = {name: dict(reversed(DIAMOND["nodes"][name].items())) for name in names}
        plan = engine.plan({**DIAMOND, "nodes": nodes})
        orders.add(tuple(task.id for task in plan.tasks))
    assert orders == {("top", "left", "right", "sum")}


@pytest.mark.parametrize("shape", ["chain", "fan", "tree"])
def test_c29_ten_thousand_nodes_run(engine: Engine, shape: str) -> None:
    size = 10_000
    nodes = {"n0": {"use": "t.number", "value": 1}}
    for index in range(1, size):
        above = {"chain": index - 1, "fan": 0, "tree": (index - 1) // 2}[shape]
        nodes[f"n{index}"] = {"use": "t.add", "a": f"$n{above}", "more": index}
    ends = [size - 1] if shape == "chain" else range(size)
    told = engine.run({"nodes": nodes, "outputs": {f"n{end}": f"$n{end}" for end in ends}})
    assert len(told.ran) == size


def test_c31_values_are_freed_when_nobody_reads_them_any_more(engine: Engine) -> None:
    engine.cache.memory.limit = 0
    nodes = {"n0": {"use": "t.tensor", "size": 1000}}
    for index in range(1, 20):
        nodes[f"n{index}"] = {"use": "t.scale", "x": f"$n{index - 1}", "by": 1.5}
    MADE.clear()
    alive = []
    for _ in run(engine.plan({"nodes": nodes, "outputs": {"x": "$n19"}}), engine.cache):
        alive.append(sum(made() is not None for made in MADE))
    assert len(MADE) == 20
    assert max(alive) == 1


def test_c74_what_does_not_depend_on_a_failure_finishes(engine: Engine) -> None:
    graph = {
        "nodes": {
            "bad": {"use": "t.fail"},
            "after": {"use": "t.add", "a": "$bad"},
            "last": {"use": "t.add", "a": "$after"},
            "good": {"use": "t.number", "value": 7},
        },
        "outputs": {"last": "$last", "good": "$good"},
    }
    told = engine.run(graph)
    (result,) = told.results
    assert result.outputs == {"good": 7}
    assert "broken" not in result.failed["last"]
    assert {name: event.kind for name, event in told.failed.items()} == {
        "bad": "error", "after": "blocked", "last": "blocked",
    }  # fmt: skip
    again = engine.run(graph)
    assert again.cached == ["good"]
    assert CALLS["fail"] == 2


def test_c75_a_failed_node_with_several_readers_runs_once(engine: Engine) -> None:
    nodes = {"bad": {"use": "t.fail"}, **{f"r{i}": {"use": "t.add", "a": "$bad", "more": i} for i in range(5)}}
    engine.run({"nodes": nodes, "outputs": {f"r{i}": f"$r{i}" for i in range(5)}})
    assert CALLS["fail"] == 1


def test_c73_a_failure_names_the_node_its_inputs_and_the_cause(engine: Engine) -> None:
    graph = {
        "nodes": {"n": {"use": "t.number", "value": 4}, "bad": {"use": "t.fail", "a": "$n", "told": "no luck"}},
        "outputs": {"x": "$bad"},
    }
    failure = engine.run(graph).failed["bad"]
    assert failure.use == "t.fail"
    assert failure.inputs == {"a": "4", "told": "'no luck'"}
    assert failure.message == "ValueError: no luck"
    assert "tests/core/nodes.py" in failure.traceback
    assert "perform.py" not in failure.traceback
    assert "perform.py" in failure.full_traceback


@pytest.mark.parametrize(
    ("node", "kind", "told"),
    [
        ({"use": "t.lie"}, "type", "promises int and gave 'three'"),
        ({"use": "t.lie_pair"}, "type", "promises Pair and gave 3"),
        ({"use": "t.nothing"}, "type", "promises int and gave None"),
        ({"use": "t.leave"}, "exited", "sys.exit(3)"),
        ({"use": "t.not_a_number"}, "nan", "NaN"),
        ({"use": "t.hungry"}, "memory", "no room for 8 GiB"),
        ({"use": "t.fail"}, "error", "ValueError: broken"),
    ],
)
def test_each_misbehaviour_is_told_as_its_own_kind(engine: Engine, node: dict[str, str], kind: str, told: str) -> None:
    graph = {"nodes": {"bad": node, "good": {"use": "t.number"}}, "outputs": {"bad": "$bad", "good": "$good"}}
    first = engine.run(graph)
    assert first.failed["bad"].kind == kind
    assert told in first.failed["bad"].message
    assert first.results[0].outputs == {"good": 0}
    assert engine.run(graph).cached == ["good"]


def test_c76_a_node_that_runs_out_of_memory_once_is_tried_again(engine: Engine) -> None:
    told = engine.run({"nodes": {"n": {"use": "t.hungry", "times": 1}}, "outputs": {"x": "$n"}})
    assert told.outputs == {"x": 0}
    assert CALLS["hungry"] == 2


def test_c48_a_node_that_changes_its_input_in_place_is_named_and_corrupts_nothing(engine: Engine) -> None:
    graph: dict[str, Any] = {
        "nodes": {
            "x": {"use": "t.tensor", "value": 1.0},
            "bad": {"use": "t.spoil", "x": "$x", "by": 2.0},
            "good": {"use": "t.scale", "x": "$x", "by": 3.0},
        },
        "outputs": {"bad": "$bad", "good": "$good"},
    }
    told = engine.run(graph)
    assert told.failed["bad"].kind == "mutated"
    assert "'x' in place" in told.failed["bad"].message
    assert told.results[0].outputs["good"].tolist() == [3.0] * 4
    graph["nodes"]["good"]["by"] = 5.0
    assert engine.run(graph).results[0].outputs["good"].tolist() == [5.0] * 4


def test_a_node_that_changes_a_list_in_place_is_named(engine: Engine) -> None:
    graph = {
        "nodes": {"l": {"use": "t.numbers"}, "bad": {"use": "t.spoil_list", "items": "$l"},
                  "good": {"use": "t.total", "items": "$l"}},
        "outputs": {"bad": "$bad", "good": "$good"},
    }  # fmt: skip
    told = engine.run(graph)
    assert told.failed["bad"].kind == "mutated"
    assert told.results[0].outputs["good"] == 3


def test_a_node_that_prints_is_told_and_its_value_kept(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    told = engine.run({"nodes": {"n": {"use": "t.chatty"}}, "outputs": {"x": "$n"}})
    assert told.outputs == {"x": 0}
    assert "hello from a node" in told.warned[0]
    assert capsys.readouterr().out == ""


def test_c78_the_next_run_works_after_any_error(engine: Engine) -> None:
    for use in ("t.fail", "t.leave", "t.lie", "t.spoil_state"):
        nodes = {"x": {"use": "t.tensor"}, "bad": {"use": use}}
        if use == "t.spoil_state":
            nodes["bad"]["x"] = "$x"
        assert engine.run({"nodes": nodes, "outputs": {"bad": "$bad"}}).failed
    assert engine.run(DIAMOND).outputs == {"sum": 32}


def test_c61_a_branch_not_taken_does_not_run(engine: Engine) -> None:
    graph = {
        "inputs": {"take": "first"},
        "nodes": {
            "a": {"use": "t.number", "value": 1},
            "b": {"use": "t.fail"},
            "one": {"use": "t.choose", "first": "$a", "second": "$b", "take": "$take"},
        },
        "outputs": {"x": "$one"},
    }
    assert engine.run(graph).outputs == {"x": 1}
    assert CALLS["fail"] == 0
    assert engine.run(graph, take="second").failed.keys() == {"b", "one"}


def test_a_loop_runs_its_steps(engine: Engine) -> None:
    graph = {"nodes": {"x": {"use": "t.tensor"}, "n": {"use": "t.count", "x": "$x", "steps": 5}},
             "outputs": {"x": "$n"}}  # fmt: skip
    told = engine.run(graph)
    assert told.outputs["x"].tolist() == [6.0] * 4
    assert told.steps == [1, 2, 3, 4, 5]


def test_c64_a_loop_of_no_steps_gives_its_start(engine: Engine) -> None:
    graph = {"nodes": {"x": {"use": "t.tensor"}, "n": {"use": "t.count", "x": "$x", "steps": 0}},
             "outputs": {"x": "$n"}}  # fmt: skip
    assert engine.run(graph).outputs["x"].tolist() == [1.0] * 4


def test_an_adaptive_loop_stops_when_it_is_done(engine: Engine) -> None:
    graph = {"nodes": {"x": {"use": "t.tensor"}, "n": {"use": "t.count", "x": "$x", "steps": 50, "until": 3}},
             "outputs": {"x": "$n"}}  # fmt: skip
    assert engine.run(graph).steps == [1, 2, 3]


def test_a_loop_that_changes_its_state_in_place_is_named(engine: Engine) -> None:
    graph = {"nodes": {"x": {"use": "t.tensor"}, "n": {"use": "t.spoil_state", "x": "$x"}}, "outputs": {"x": "$n"}}
    failure = engine.run(graph).failed["n"]
    assert failure.kind == "mutated"


def test_what_a_step_changes_in_place_spoils_no_earlier_state(engine: Engine) -> None:
    def graph(at: int) -> dict[str, Any]:
        nodes = {"x": {"use": "t.tensor"}, "n": {"use": "t.spoil_history", "x": "$x", "at": at}}
        return {"nodes": nodes, "outputs": {"x": "$n"}}

    memory = Engine()
    assert memory.run(graph(at=4)).failed["n"].kind == "mutated"
    assert memory.run(graph(at=100)).outputs["x"].tolist() == [7.0] * 4


COUNT: dict[str, Any] = {
    "nodes": {"x": {"use": "t.tensor"}, "n": {"use": "t.count", "x": "$x", "steps": 20}},
    "outputs": {"x": "$n"},
}


def test_c90_a_cancelled_loop_goes_on_in_the_next_process(engine: Engine) -> None:
    events = run(engine.plan(COUNT), engine.cache)
    for event in events:
        if getattr(event, "step", 0) == 13:
            break
    assert isinstance(events, Generator)
    events.close()
    CALLS.clear()
    told = engine.restart().run(COUNT)
    assert CALLS["step"] == 7
    assert told.steps == [13, *range(14, 21)]
    assert told.outputs["x"].tolist() == [21.0] * 4


def test_a_cancelled_loop_goes_on_in_the_same_process_though_what_it_reads_is_inside_of_a_kept_value(
    engine: Engine,
) -> None:
    graph = {
        "nodes": {
            "x": {"use": "t.tensor"},
            "a": {"use": "t.adder", "by": 1.0},
            "b": {"use": "t.adder", "by": 2.0},
            "turns": {"use": "t.turns", "before": "$a", "after": "$b"},
            "n": {"use": "t.turning", "x": "$x", "turns": "$turns"},
        },
        "outputs": {"x": "$n"},
    }
    events = run(engine.plan(graph), engine.cache)
    assert any(getattr(event, "step", 0) == 8 for event in events)
    assert isinstance(events, Generator)
    events.close()
    told = engine.run(graph)
    assert told.steps == [8, 9, 10]
    assert told.outputs["x"].tolist() == [15.0] * 4


def test_a_disk_that_fills_up_costs_a_cancelled_loop_no_step_that_was_stored(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes = {"x": {"use": "t.tensor", "size": 1000}, "n": {"use": "t.slow_count", "x": "$x", "steps": 8}}
    graph = {"nodes": nodes, "outputs": {"x": "$n"}}
    write = Disk.write

    def full(disk: Disk, key: bytes, data: bytes) -> None:
        if len(data) > 1000:  # a state; there is room for the note which is the latest
            raise OSError(errno.ENOSPC, "No space left on device")
        write(disk, key, data)

    events = run(engine.plan(graph), engine.cache)
    assert any(getattr(event, "step", 0) == 1 for event in events)  # the first state is stored at once
    monkeypatch.setattr(Disk, "write", full)
    assert any(getattr(event, "step", 0) == 6 for event in events)
    assert isinstance(events, Generator)
    events.close()
    monkeypatch.undo()
    again = engine.restart().run(graph).of(NodeStepped)
    assert [(event.step, event.cached) for event in again] == [(1, True), *((step, False) for step in range(2, 9))]


def _begun(engine: Engine, graph: dict[str, Any], steps: Sequence[int]) -> list[Path]:
    """Run the graph to each of these steps in turn, as often in a new process; the entries of states, latest last."""
    for step in steps:
        again = engine.restart()
        events = run(again.plan(graph), again.cache)
        assert any(getattr(event, "step", 0) == step for event in events)
        assert isinstance(events, Generator)
        events.close()
    assert engine.folder is not None
    states = [path for path in engine.folder.rglob("*.safetensors") if path.stat().st_size > 4000]
    return sorted(states, key=_last_number)[1:]  # the loop counts up; the first is what it reads


def _last_number(entry: Path) -> float:
    return float(numpy.frombuffer(entry.read_bytes()[-4:], "<f4")[0])


LONG: dict[str, Any] = {
    "nodes": {"x": {"use": "t.tensor", "size": 1000}, "n": {"use": "t.count", "x": "$x", "steps": 20}},
    "outputs": {"x": "$n"},
}


def test_where_the_latest_state_of_a_loop_is_damaged_it_goes_on_from_the_one_before(engine: Engine) -> None:
    states = _begun(engine, LONG, [4, 9, 13])
    assert len(states) == 2
    _damage(states[-1])
    told = engine.restart().run(LONG)
    first = told.of(NodeStepped)[0]
    assert first.cached
    assert 9 <= first.step < 13
    assert told.steps == list(range(first.step, 21))
    assert told.outputs["x"].tolist() == [21.0] * 1000
    assert any("a damaged cache entry was removed" in warning for warning in told.warned)


def test_where_all_states_of_a_loop_are_damaged_it_begins_again(engine: Engine) -> None:
    for state in _begun(engine, LONG, [4, 9]):
        _damage(state)
    told = engine.restart().run(LONG)
    assert told.steps == list(range(1, 21))
    assert len(told.warned) == 2


def _damage(entry: Path) -> None:
    data = bytearray(entry.read_bytes())
    data[-1] ^= 1
    entry.write_bytes(bytes(data))


def test_a_loop_that_is_asked_for_afresh_does_all_its_steps(engine: Engine) -> None:
    engine.run(COUNT)
    CALLS.clear()
    planned = engine.plan(COUNT)
    told = Told(list(run(planned, engine.cache, fresh=[planned.of_node["x"]])))
    assert CALLS["step"] == 20
    assert told.steps == list(range(1, 21))


def test_a_loop_that_fails_goes_on_from_its_last_good_step(engine: Engine) -> None:
    graph = {"nodes": {"x": {"use": "t.tensor"}, "n": {"use": "t.fails_at", "x": "$x"}}, "outputs": {"x": "$n"}}
    VERSION["now"] = "raise"
    assert "the step failed" in engine.run(graph).failed["n"].message
    VERSION["now"] = 1
    CALLS.clear()
    told = engine.restart().run(graph)
    assert told.outputs["x"].tolist() == [11.0] * 4
    assert CALLS["step"] == 3


def _turning(after: float) -> dict[str, object]:
    return {
        "nodes": {
            "x": {"use": "t.tensor"},
            "a": {"use": "t.adder", "by": 1.0},
            "b": {"use": "t.adder", "by": after},
            "n": {"use": "t.shared", "x": "$x", "before": "$a", "after": "$b"},
        },
        "outputs": {"x": "$n"},
    }


def test_runs_that_agree_up_to_a_step_share_the_steps(engine: Engine) -> None:
    assert engine.run(_turning(2.0)).outputs["x"].tolist() == [15.0] * 4
    CALLS.clear()
    told = engine.run(_turning(3.0))
    assert told.outputs["x"].tolist() == [19.0] * 4
    assert told.steps == [6, 7, 8, 9, 10]
    assert CALLS["step"] == 4


@pytest.mark.parametrize("turn", [6, 18, 30, 42])
def test_the_next_process_too_shares_all_steps_up_to_a_round_share(engine: Engine, turn: int) -> None:
    def turning(after: float) -> dict[str, Any]:
        graph: dict[str, Any] = _turning(after)
        graph["nodes"]["n"] |= {"turn": turn, "steps": 10 if turn == 6 else 60}
        return graph

    engine.run(turning(2.0))
    CALLS.clear()
    engine.restart().run(turning(3.0))
    assert CALLS["step"] == (4 if turn == 6 else 60 - turn)


def test_thirty_identical_points_cost_one(engine: Engine) -> None:
    graph = {**DIAMOND, "inputs": {"unused": 0, "n": 1}, "sweep": [{"n": 1}] * 30}
    graph["nodes"] = {**DIAMOND["nodes"], "top": {"use": "t.number", "value": "$n"}}
    told = engine.run(graph)
    assert [dict(result.outputs) for result in told.results] == [{"sum": 32}] * 30
    assert CALLS["number"] == 1
    assert CALLS["add"] == 3


def test_a_sweep_runs_what_its_points_share_once(engine: Engine) -> None:
    graph = {
        **DIAMOND,
        "inputs": {"more": 0},
        "nodes": {**DIAMOND["nodes"], "last": {"use": "t.add", "a": "$sum", "more": "$more"}},
        "outputs": {"last": "$last"},
        "sweep": {"more": [1, 2, 3]},
    }
    told = engine.run(graph)
    assert [result.outputs["last"] for result in told.results] == [33, 34, 35]
    assert [dict(result.given) for result in told.results] == [{"more": 1}, {"more": 2}, {"more": 3}]
    assert CALLS["number"] == 1
    assert CALLS["add"] == 6


def test_closing_a_run_between_nodes_leaves_a_usable_state(engine: Engine) -> None:
    events = run(engine.plan(DIAMOND), engine.cache)
    for _ in range(4):
        next(events)
    assert isinstance(events, Generator)
    events.close()
    assert engine.run(DIAMOND).outputs == {"sum": 32}


def test_an_output_may_be_an_input(engine: Engine) -> None:
    graph = {**DIAMOND, "inputs": {"n": 5}, "outputs": {"n": "$n", "sum": "$sum"}}
    assert engine.run(graph).outputs == {"n": 5, "sum": 32}


def test_fields_of_a_value_are_wired_by_name(engine: Engine) -> None:
    graph = {
        "nodes": {"p": {"use": "t.pair", "first": 4}, "s": {"use": "t.add", "a": "$p.first"}},
        "outputs": {"s": "$s", "second": "$p.second"},
    }
    assert engine.run(graph).outputs == {"s": 4, "second": "b"}


def test_c70_a_list_of_wires_keeps_its_order(engine: Engine) -> None:
    nodes = {f"n{i}": {"use": "t.number", "value": i} for i in range(4)}
    nodes["o"] = {"use": "t.order", "items": ["$n2", "$n0", "$n3", "$n0"]}
    assert engine.run({"nodes": nodes, "outputs": {"o": "$o"}}).outputs == {"o": "2,0,3,0"}


def test_c69_an_empty_list_is_an_empty_list(engine: Engine) -> None:
    graph = {"nodes": {"n": {"use": "t.numbers", "upto": 0}, "t": {"use": "t.total", "items": "$n"}},
             "outputs": {"t": "$t"}}  # fmt: skip
    assert engine.run(graph).outputs == {"t": 0}


def test_c57_cached_and_fresh_results_are_bit_equal_over_random_graphs(engine: Engine) -> None:
    for seed in range(30):
        draw = random.Random(seed)
        nodes: dict[str, dict[str, object]] = {"n0": {"use": "t.number", "value": draw.randrange(9)}}
        for index in range(1, 30):
            nodes[f"n{index}"] = {
                "use": "t.add", "a": f"$n{draw.randrange(index)}", "b": f"$n{draw.randrange(index)}",
                "more": draw.randrange(3),
            }  # fmt: skip
        graph = {"nodes": nodes, "outputs": {f"o{i}": f"$n{i}" for i in range(30)}}
        cold, warm = engine.run(graph), engine.run(json.loads(json.dumps(graph)))
        assert cold.outputs == warm.outputs == Engine().run(graph).outputs
        assert warm.ran == []


def test_c60_a_cache_with_no_room_changes_nothing(engine: Engine) -> None:
    assert Engine(memory=0).run(_turning(2.0)).outputs["x"].tolist() == engine.run(_turning(2.0)).outputs["x"].tolist()


def test_a_damaged_entry_is_made_again_with_all_that_it_needs(engine: Engine) -> None:
    graph = {
        "nodes": {"x": {"use": "t.tensor"}, "y": {"use": "t.scale", "x": "$x"}, "z": {"use": "t.scale", "x": "$y"}},
        "outputs": {"z": "$z"},
    }
    engine.run(graph)
    assert engine.folder is not None
    for entry in engine.folder.rglob("*.safetensors"):
        data = bytearray(entry.read_bytes())
        data[-1] ^= 1
        entry.write_bytes(bytes(data))
    told: Told = engine.restart().run(graph)
    assert told.outputs["z"].tolist() == [4.0] * 4
    assert told.ran == ["x", "y", "z"]
    assert len(told.warned) == 3


def test_what_the_reader_of_events_prints_is_not_taken_for_a_node_s(
    engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    graph = {
        "nodes": {
            "r": {"use": "t.read_slowly"},
            "x": {"use": "t.tensor"},
            "y": {"use": "t.slow_count", "x": "$x", "steps": 20},
        },
        "outputs": {"r": "$r", "y": "$y"},
    }
    told = Told()
    for event in run(engine.plan(graph), engine.cache):
        print("seen")
        told.events.append(event)
    assert capsys.readouterr().out == "seen\n" * len(told.events)
    assert told.warned == []


def test_c26_a_node_that_wants_no_device_runs_beside_one_that_does(engine: Engine) -> None:
    graph = {
        "nodes": {
            "r": {"use": "t.read_slowly", "seconds": 0.3},
            "s": {"use": "t.read_slowly", "seconds": 0.31},
            "x": {"use": "t.tensor"},
            "y": {"use": "t.slow_count", "x": "$x", "steps": 100},
            "z": {"use": "t.add", "a": "$r", "b": "$s"},
        },
        "outputs": {"y": "$y", "z": "$z"},
    }
    told = engine.run(graph)
    assert told.outputs["z"] == 2
    (end,) = told.of(RunFinished)
    assert end.seconds < 0.3 + 0.31 + 0.3  # one after the other would take at least that


def test_c31_what_runs_beside_is_only_so_far_ahead_of_its_turn(engine: Engine) -> None:
    engine.cache.memory.limit = 0
    nodes: dict[str, Any] = {f"x{i}": {"use": "t.tensor_beside", "value": i} for i in range(60)}
    nodes |= {f"y{i}": {"use": "t.slow_count", "x": f"$x{i}", "steps": 2} for i in range(60)}
    MADE.clear()
    planned = engine.plan({"nodes": nodes, "outputs": {f"y{i}": f"$y{i}" for i in range(60)}})
    alive, last = [], Told()
    for event in run(planned, engine.cache):
        alive.append(sum(made() is not None for made in MADE))
        last.events = [event]
    assert [value[0].item() for value in last.outputs.values()] == [i + 0.25 for i in range(60)]
    assert 1 < max(alive) <= AHEAD + 2


def test_c27_a_failure_beside_does_not_stop_the_rest(engine: Engine) -> None:
    graph = {
        "nodes": {
            "r": {"use": "t.read_slowly", "seconds": -1},
            "x": {"use": "t.tensor"},
            "y": {"use": "t.slow_count", "x": "$x", "steps": 3},
        },
        "outputs": {"y": "$y", "r": "$r"},
    }
    told = engine.run(graph)
    assert told.failed.keys() == {"r"}
    assert "sleep length" in told.failed["r"].message
    assert "y" in told.outputs
