"""What is served and what is made again: a test for each line of the list on the cache."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from noisegraph.errors import GraphError
from noisegraph.graph import parse
from noisegraph.store.cache import Cache

from .conftest import Engine
from .nodes import CALLS, VERSION
from .odd_nodes import ALIVE, chain, made


@pytest.fixture
def here(tmp_path: Path) -> Engine:
    """An engine that knows these nodes too."""
    CALLS.clear()
    ALIVE.clear()
    VERSION["now"] = 1
    return made(tmp_path / "cache")


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
