"""What a graph executor must show while it runs, one test for each line of the list of such behaviours."""

from __future__ import annotations

import json
import math
import os
import sys
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import noisegraph as ng
import pytest
import torch
from noisegraph.cache import Cache
from noisegraph.check import check
from noisegraph.errors import GraphError
from noisegraph.events import NodeCached, NodeFinished, NodeStarted, NodeStepped
from noisegraph.graph import load, parse
from noisegraph.plan import Plan, plan
from noisegraph.registry import Local, Registry
from noisegraph.run import run

from . import nodes
from .conftest import CPU, Engine, Told
from .nodes import CALLS, VERSION

ALIVE: list[weakref.ref[torch.Tensor]] = []
LOG: list[str] = []


def _alive(x: torch.Tensor) -> ng.Latent:
    ALIVE.append(weakref.ref(x))
    return ng.Latent(x)


@ng.node
def leaf(*, value: float = 1.0) -> ng.Latent:
    """A tensor."""
    return _alive(torch.full((8,), value))


@ng.node
def both(x: ng.Latent, y: ng.Latent) -> ng.Latent:
    """The sum of two tensors."""
    return _alive(x + y)


@ng.node
def interrupts(a: int = 0) -> int:
    """What happens when Ctrl-C comes while a node computes."""
    raise KeyboardInterrupt


@ng.node(device=False)
def reads_two(x: ng.Latent, y: ng.Latent) -> float:
    """Reads two tensors beside the device."""
    return float((x + y).sum())


@ng.node
def logs(*, name: str) -> int:
    """Writes its name down, for other processes to see."""
    with open(os.environ["NOISEGRAPH_TEST_LOG"], "a") as log:
        log.write(f"{name}\n")
    return len(name)


@ng.node
def dies(a: int) -> int:
    """Ends the process, as a crash does, where it is told to."""
    if os.environ.get("NOISEGRAPH_TEST_CRASH"):
        os._exit(9)
    return a


@ng.node
def infers(*, value: float = 1.0) -> ng.Latent:
    """A tensor made in torch's inference mode."""
    with torch.inference_mode():
        return ng.Latent(torch.full((3,), value))


@ng.node
def eighth(*, value: float = 1.0, spoilt: bool = False) -> ng.Latent:
    """A tensor of eight-bit floats."""
    return ng.Latent(torch.full((3,), math.nan if spoilt else value).to(torch.float8_e4m3fn))


class Untold(Exception):
    """An error that cannot say what it is."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


class Odd:
    """A value that answers no question."""

    @property
    def shape(self) -> int:
        """Fails."""
        raise RuntimeError("no shape")


@ng.node
def odd(*, kind: str = "") -> Odd:
    """Something odd; or an odd error."""
    if kind:
        raise {"untold": Untold, "exit": GeneratorExit, "stop": StopIteration}[kind]()
    return Odd()


@ng.node
def refuses(a: Odd | int) -> int:
    """Fails on whatever it is given."""
    raise ValueError("refused")


@ng.node(version=lambda: {1, 2})
def unsaid() -> int:
    """Its version is not plain data."""
    CALLS["unsaid"] += 1
    return 5


MINE: list[Callable[..., Any]] = [leaf, both, interrupts, reads_two, logs, dies, infers, eighth, odd, refuses, unsaid]


@pytest.fixture
def here(tmp_path: Path) -> Engine:
    """An engine that knows these nodes too."""
    CALLS.clear()
    ALIVE.clear()
    VERSION["now"] = 1
    return made(tmp_path / "cache")


def made(folder: Path | None, **options: Any) -> Engine:
    """The same over any folder."""
    engine = Engine(folder, **options)
    engine.registry = Registry([Local("t", nodes.NODES), Local("m", MINE)])
    return engine


def chain(size: int, **more: Any) -> dict[str, Any]:
    """n0 -> n1 -> ... of adding nodes."""
    named = {f"n{i}": {"use": "t.add", "a": f"$n{i - 1}", "more": i} for i in range(1, size)}
    return {"nodes": {"n0": {"use": "t.number", "value": 1}, **named}, "outputs": {"x": f"$n{size - 1}"}, **more}


SLOW: dict[str, Any] = {
    "nodes": {"x": {"use": "t.tensor"}, "n": {"use": "t.slow_count", "x": "$x", "steps": 2000}},
    "outputs": {"x": "$n"},
}


def test_c28_a_run_is_cancelled_within_a_step_and_the_engine_goes_on(here: Engine) -> None:
    events = run(here.plan(SLOW), here.cache)
    for event in events:
        if isinstance(event, NodeStepped) and event.step == 20:
            break
    began = time.perf_counter()
    events.close()  # type: ignore[attr-defined]
    assert time.perf_counter() - began < 0.5, "a step takes 3 ms, all of them 6 s"
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
    began = time.perf_counter()
    events.close()  # type: ignore[attr-defined]
    assert time.perf_counter() - began < 2
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


def test_c42_what_reads_a_node_of_unknown_version_runs_too_and_neither_is_stored(here: Engine) -> None:
    graph = {"nodes": {"u": {"use": "m.unsaid"}, "a": {"use": "t.add", "a": "$u"}}, "outputs": {"x": "$a"}}
    for calls in (1, 2):
        assert here.run(graph).ran == ["u", "a"]
        assert CALLS["unsaid"] == calls
    assert here.folder is not None
    assert list(here.folder.rglob("*.safetensors")) == []
    assert len(here.cache.memory) == 0


def test_c43_a_wire_to_a_node_that_is_gone_is_an_error_though_all_is_cached(here: Engine) -> None:
    graph = chain(3)
    here.run(graph)
    del graph["nodes"]["n1"]
    with pytest.raises(GraphError, match=r"\$n1 refers to nothing"):
        here.run(graph)


def test_c46_what_one_process_stored_another_finds(here: Engine) -> None:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if made(here.folder).run(chain(5)).outputs == {"x": 11} else 2
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    assert here.run(chain(5)).cached == ["n4"]


def test_c56_without_a_cache_the_results_are_the_same_bits(here: Engine) -> None:
    graph = {
        "nodes": {
            "x": {"use": "t.tensor", "value": 0.1}, "y": {"use": "t.scale", "x": "$x", "by": 1.7},
            "n": {"use": "t.count", "x": "$y", "steps": 7, "by": 0.3},
        },
        "outputs": {"x": "$n", "y": "$y"},
    }  # fmt: skip
    bare = made(None, memory=0).run(graph).outputs
    cold, warm = here.run(graph), made(here.folder).run(graph)
    assert warm.ran == []
    for told in (cold, warm):
        assert all(torch.equal(told.outputs[name], bare[name]) for name in bare)


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


PART = {"inputs": {"a": None}, "nodes": {"s": {"use": "t.add", "a": "$a", "more": 5}}, "outputs": {"sum": "$s"}}


def _planned(engine: Engine, folder: Path, graph: dict[str, Any]) -> Plan:
    (folder / "part.json").write_text(json.dumps(PART))
    (folder / "whole.json").write_text(json.dumps(graph))
    return plan(check(load(folder / "whole.json"), engine.registry), CPU)


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


def test_c77_an_interrupt_in_a_node_ends_the_run_and_the_next_works(here: Engine) -> None:
    graph = {"nodes": {"n": {"use": "t.number"}, "i": {"use": "m.interrupts", "a": "$n"}}, "outputs": {"x": "$i"}}
    with pytest.raises(KeyboardInterrupt):
        here.run(graph)
    assert here.run(chain(3)).outputs == {"x": 4}


def test_c80_after_a_crash_only_what_had_not_finished_runs(
    here: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    monkeypatch.setenv("NOISEGRAPH_TEST_LOG", str(log))
    graph = {
        "nodes": {
            "a": {"use": "m.logs", "name": "a"}, "b": {"use": "m.logs", "name": "bb"},
            "sum": {"use": "t.add", "a": "$a", "b": "$b"}, "d": {"use": "m.dies", "a": "$sum"},
        },
        "outputs": {"x": "$d"},
    }  # fmt: skip
    child = os.fork()
    if child == 0:
        os.environ["NOISEGRAPH_TEST_CRASH"] = "1"
        made(here.folder).run(graph)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    told = here.run(graph)
    assert (told.outputs, told.ran, told.cached) == ({"x": 3}, ["d"], ["sum"])
    assert log.read_text().split() == ["a", "bb"]


def test_a_value_that_one_node_spoils_is_made_again_for_what_runs_beside(here: Engine) -> None:
    graph = {
        "nodes": {
            "x": {"use": "t.tensor", "value": 1.0},
            "bad": {"use": "t.spoil", "x": "$x", "by": 3.0},
            "y": {"use": "t.tensor", "value": 2.0},
            "r": {"use": "m.reads_two", "x": "$x", "y": "$y"},
        },
        "outputs": {"a_bad": "$bad", "r": "$r"},
    }
    told = here.run(graph)
    assert told.failed.keys() == {"bad"}
    assert told.results[0].outputs == {"r": 12.0}


def test_tensors_of_torchs_inference_mode_and_of_eight_bits_flow_like_others(here: Engine) -> None:
    graph = {
        "nodes": {"i": {"use": "m.infers", "value": 2.0}, "s": {"use": "t.scale", "x": "$i", "by": 3.0},
                  "e": {"use": "m.eighth", "value": 2.0}},
        "outputs": {"s": "$s", "e": "$e"},
    }  # fmt: skip
    told = here.run(graph)
    assert told.failed == {}
    assert told.outputs["s"].tolist() == [6.0] * 3
    assert told.outputs["e"].float().tolist() == [2.0] * 3
    bad = here.run({"nodes": {"e": {"use": "m.eighth", "spoilt": True}}, "outputs": {"e": "$e"}})
    assert bad.failed["e"].kind == "nan"


@pytest.mark.parametrize(
    ("node", "told"),
    [
        ({"use": "m.odd", "kind": "untold"}, "Untold: (it cannot be shown)"),
        ({"use": "m.odd", "kind": "exit"}, "RuntimeError: the node raised GeneratorExit"),
        ({"use": "m.odd", "kind": "stop"}, "RuntimeError: the node raised StopIteration"),
        ({"use": "m.refuses", "a": "$odd"}, "ValueError: refused"),
        ({"use": "m.refuses", "a": "$big"}, "ValueError: refused"),
    ],
)
def test_odd_errors_and_odd_values_are_told_like_others(here: Engine, node: dict[str, Any], told: str) -> None:
    most = 9 * 10**4299
    made = {
        "odd": {"use": "m.odd"},
        "most": {"use": "t.number", "value": most},
        "big": {"use": "t.add", "a": "$most", "b": "$most"},
        "bad": node,
        "good": {"use": "t.number", "value": 7},
    }
    ended = here.run({"nodes": made, "outputs": {"bad": "$bad", "good": "$good"}})
    assert ended.failed["bad"].message == told
    assert ended.results[0].outputs == {"good": 7}


def test_a_sweep_of_too_many_tasks_is_refused_before_they_are_made(here: Engine) -> None:
    graph = chain(100, inputs={"k": 0}, sweep={"k": list(range(20_000))})
    graph["nodes"]["n0"]["value"] = "$k"
    with pytest.raises(GraphError, match="20000 points of 100 nodes each are more than 1000000 tasks"):
        here.plan(graph)


def test_c47_over_its_bound_the_cache_loses_what_was_used_longest_ago_and_results_stay_right(tmp_path: Path) -> None:
    def tensor(value: float) -> dict[str, Any]:
        return {"nodes": {"x": {"use": "t.tensor", "size": 25_000, "value": value}}, "outputs": {"x": "$x"}}

    def tried(value: float) -> list[str]:
        engine = made(None)
        engine.cache = Cache(0, tmp_path / "cache", 350_000)
        told = engine.run(tensor(value))
        assert told.outputs["x"].tolist() == [value] * 25_000
        engine.cache.close()
        time.sleep(0.02)  # the times of files tell which was used last
        return told.cached

    for value in (1.0, 2.0, 3.0):
        assert tried(value) == []
    assert tried(1.0) == ["x"], "100 kB each, three fit"
    assert tried(4.0) == []
    assert [tried(value) for value in (1.0, 4.0, 2.0)] == [["x"], ["x"], []]


def test_c52_a_graph_writes_nothing_so_that_serving_it_from_the_cache_leaves_nothing_out(here: Engine) -> None:
    assert parse(json.dumps(chain(2))).data.keys() == {"nodes", "outputs"}
    cold, warm = here.run(chain(2)), here.run(chain(2))
    assert (cold.ran, warm.ran, cold.outputs) == (["n0", "n1"], [], warm.outputs)


@ng.node
def spoils_a_list(items: list[ng.Latent]) -> ng.Latent:
    """Wrongly doubles the first of its inputs in place."""
    return ng.Latent(items[0].mul_(2))


@ng.node
def passes(x: ng.Latent) -> ng.Latent:
    """Its input, the very same tensor."""
    return x


@ng.node
def views(x: ng.Latent) -> ng.Latent:
    """A view of its input."""
    return ng.Latent(x[:2])


MINE += [spoils_a_list, passes, views]


@pytest.mark.parametrize(
    ("spoiler", "through"),
    [({"use": "t.spoil", "x": "$p"}, "m.passes"), ({"use": "t.spoil", "x": "$p"}, "m.views"),
     ({"use": "m.spoils_a_list", "items": ["$p", "$x"]}, "m.passes"),
     ({"use": "m.spoils_a_list", "items": ["$x"]}, "m.views")],
)  # fmt: skip
def test_c48_what_shares_memory_with_a_spoilt_value_is_made_again(
    here: Engine, spoiler: dict[str, Any], through: str
) -> None:
    above = {"x": {"use": "t.tensor", "value": 1.0}, "p": {"use": through, "x": "$x"}}
    spoilt = {**above, "bad": spoiler}
    after = {"y": {"use": "t.scale", "x": "$x", "by": 3.0}, "z": {"use": "t.scale", "x": "$p", "by": 5.0}}
    told = here.run({"nodes": {**spoilt, **after}, "outputs": {"a": "$bad", "y": "$y", "z": "$z"}})
    assert told.failed["bad"].kind == "mutated"
    assert {name: value.unique().item() for name, value in told.results[0].outputs.items()} == {"y": 3.0, "z": 5.0}
    other = here.run({"nodes": {**above, **after}, "outputs": {"x": "$x", "p": "$p"}})
    assert {name: value.unique().item() for name, value in other.outputs.items()} == {"x": 1.0, "p": 1.0}


class Sum(NamedTuple):
    """The state of a loop."""

    x: torch.Tensor


@ng.node(early=True)
def turns_bad(x: ng.Latent, *, at: int = 5, bad: bool = True) -> ng.Loop[ng.Latent]:
    """Adds 1 a step; from step `at` on, where it is bad, in place. Steps before it are shared with one that is not."""

    def step(state: Sum, index: int) -> Sum:
        return Sum(state.x.add_(1)) if bad and index >= at else Sum(state.x + 1)

    def reads(index: int) -> tuple[Any, ...]:
        return (index, bad and index >= at)

    return ng.Loop(lambda: Sum(x + 0), step, 10, lambda state: ng.Latent(state.x), reads=reads, begins=(x,))


MINE += [turns_bad]


def test_c48_a_state_that_a_step_changed_in_place_is_never_gone_on_from(here: Engine) -> None:
    def graph(bad: bool) -> dict[str, Any]:
        made = {"x": {"use": "t.tensor", "value": 0.0}, "n": {"use": "m.turns_bad", "x": "$x", "bad": bad}}
        return {"nodes": made, "outputs": {"x": "$n"}}

    assert here.run(graph(True)).failed["n"].kind == "mutated"
    assert made(here.folder).run(graph(False)).outputs["x"].tolist() == [10.0] * 4
    assert here.run(graph(False)).outputs["x"].tolist() == [10.0] * 4
