"""The training graph of the library, run by the engine: stopped anywhere, it ends with the same weights."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.check import check, require
from noisegraph.devices import resolve
from noisegraph.events import NodeStepped, RunFinished
from noisegraph.graph import library, parse
from noisegraph.plan import plan
from noisegraph.registry import Registry
from noisegraph.run import run
from noisegraph.store.cache import Cache

KILLED = """
import os, sys
from pathlib import Path
import test_graph
test_graph.train(Path(sys.argv[1]), stop=3, end=lambda: os.kill(os.getpid(), 9))
"""


def small_graph() -> str:
    """The library's graph with a network and a number of iterations that take a second."""
    graph = json.loads(library()["train/digit"].read_text(encoding="utf-8"))
    graph["inputs"]["iterations"] = 10
    graph["nodes"]["network"]["config"] |= {"model_channels": 8, "groups": 4}
    graph["nodes"]["schedule"] |= {"per_step": 2, "batch": 4}
    return json.dumps(graph)


def train(folder: Path | None, stop: int | None = None, end: Any = None) -> ng.WeightsFile | None:
    """The weights that the small graph makes; with `stop`, `end` is called after so many steps and nothing comes."""
    checked = require(check(parse(small_graph()), Registry.installed(), {}))
    cache = Cache(1 << 28, folder)
    events = run(plan(checked, resolve("cpu")), cache)
    steps = 0
    for event in events:
        steps += isinstance(event, NodeStepped)
        if steps == stop:
            end()
            return None
        if isinstance(event, RunFinished):
            made: ng.WeightsFile = event.results[0].outputs["digit"]
            return made
    return None


def same(one: ng.WeightsFile | None, other: ng.WeightsFile | None) -> bool:
    assert one is not None
    assert other is not None
    return one.card == other.card and all(torch.equal(one.tensors[name], other.tensors[name]) for name in one.tensors)


def test_a_cancelled_run_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    assert train(tmp_path, stop=2, end=lambda: None) is None
    assert same(train(tmp_path), train(None))


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], cwd=Path(__file__).parent, check=False)
    assert done.returncode == -9
    assert same(train(tmp_path), train(None))


def test_the_card_names_the_graph_and_what_was_typed_into_it() -> None:
    made = train(None)
    assert made is not None
    assert made.card["graph"] == "graphs/train/digit.json"
    assert made.card["training"]["iterations"] == 10
    assert made.card["network"]["model_channels"] == 8
    assert made.card["loss"] == pytest.approx(1.0, abs=0.6)
