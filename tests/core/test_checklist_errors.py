"""What goes wrong stays where it is, and nothing spoilt is used again: a test for each line of the list on errors."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.check import check
from noisegraph.graph import parse
from noisegraph.plan import plan
from noisegraph.registry import Local, Registry
from noisegraph.run import run
from noisegraph.store.cache import Cache

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


def test_a_failure_tells_of_each_input_its_shape_its_dtype_and_where_it_lies() -> None:
    @ng.node
    def latent() -> ng.Latent:
        return ng.Latent(torch.zeros(2, 4, 8, 8, dtype=torch.bfloat16))

    @ng.node
    def breaks(x: ng.Latent, several: list[ng.Latent], *, text: str = "a red heart") -> ng.Latent:
        raise ZeroDivisionError

    registry = Registry([Local("u", [latent, breaks])])
    nodes = {"a": {"use": "u.latent"}, "n": {"use": "u.breaks", "x": "$a", "several": ["$a", "$a"]}}
    graph = parse(json.dumps({"nodes": nodes, "outputs": {"out": "$n"}}))
    failure = Told(list(run(plan(check(graph, registry), CPU), Cache(10**9, None)))).failed["n"]
    one = "bfloat16 [2, 4, 8, 8] on cpu"
    assert failure.inputs == {"x": one, "several": f"list of 2: [{one}, {one}]"}


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


def test_c48_a_state_that_a_step_changed_in_place_is_never_gone_on_from(here: Engine) -> None:
    def graph(bad: bool) -> dict[str, Any]:
        made = {"x": {"use": "t.tensor", "value": 0.0}, "n": {"use": "m.turns_bad", "x": "$x", "bad": bad}}
        return {"nodes": made, "outputs": {"x": "$n"}}

    assert here.run(graph(True)).failed["n"].kind == "mutated"
    assert made(here.folder).run(graph(False)).outputs["x"].tolist() == [10.0] * 4
    assert here.run(graph(False)).outputs["x"].tolist() == [10.0] * 4
