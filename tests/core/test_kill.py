"""A run killed at any moment: the next one gives the same bits, and no damaged entry is ever used."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from .conftest import Engine

GRAPH: dict[str, Any] = {
    "nodes": {
        "x": {"use": "t.tensor", "size": 5000, "value": 0.1},
        "y": {"use": "t.scale", "x": "$x", "by": 1.1},
        "slow": {"use": "t.slow_count", "x": "$y", "steps": 40},
        "a": {"use": "t.adder", "by": 0.25},
        "b": {"use": "t.adder", "by": 0.5},
        "shared": {"use": "t.shared", "x": "$slow", "before": "$a", "after": "$b", "steps": 12},
        "z": {"use": "t.scale", "x": "$shared", "by": 3.0},
    },
    "outputs": {"z": "$z", "y": "$y"},
}


def _run_and_die(folder: Path, after: float) -> bool:
    """Run the graph in a child that is killed after so many seconds; True where it was done before."""
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        code = 1
        try:
            told = Engine(folder).run(GRAPH)
            code = 0 if not told.failed and not told.warned else 3
        finally:
            os._exit(code)
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert not os.WIFEXITED(status) or os.WEXITSTATUS(status) == 0, "a damaged entry was read, or the run failed"
    return os.WIFEXITED(status)


@pytest.mark.slow
def test_runs_killed_at_two_hundred_moments_change_no_bit(tmp_path: Path) -> None:
    expected = Engine().run(GRAPH).outputs
    draw = random.Random(0)
    began = time.perf_counter()
    Engine(tmp_path / "whole").run(GRAPH)
    whole = time.perf_counter() - began
    finished = resumed = 0
    for number in range(200):
        folder = tmp_path / f"cache{number // 10}"  # ten kills in a row on the same cache
        finished += _run_and_die(folder, draw.uniform(0, 1.1 * whole))
        if number % 10 == 9:
            told = Engine(folder).run(GRAPH)
            resumed += len(told.ran) < 7
            assert told.warned == []
            assert all(torch.equal(told.outputs[name], expected[name]) for name in expected)
    assert finished < 200, "no kill came in time"
    assert resumed > 10, "what killed runs had stored was not used"
