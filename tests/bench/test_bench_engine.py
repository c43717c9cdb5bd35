"""What the engine costs: per node, per point of a sweep, per step of a loop, and in memory.

    pytest tests/bench -m bench --benchmark-only

Times are of this process's CPU, from the JSON text to the last event. A bar that is missed is told in the report, not
failed: machines differ. What does not depend on the machine (which nodes ran, memory) is asserted.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.check import check
from noisegraph.devices import Device
from noisegraph.events import NodeFinished
from noisegraph.graph import parse
from noisegraph.plan import plan
from noisegraph.registry import Local, Registry
from noisegraph.run import run
from noisegraph.store.cache import Cache

pytestmark = [pytest.mark.bench, pytest.mark.benchmark(timer=time.process_time)]
SIZES = [10, 1_000, 10_000, 100_000]


@ng.node
def start(*, k: int = 0) -> int:
    """Begin."""
    return k


@ng.node
def add(a: int, *, k: int = 1) -> int:
    """Add."""
    return a + k


@ng.node
def join(a: int, b: int, *, k: int = 1) -> int:
    """Join."""
    return (a + b + k) % 1_000_003


@ng.node
def state(*, size: int = 16384) -> ng.Latent:
    """A state of 1x4x64x64 numbers."""
    return ng.Latent(torch.zeros(1, 4, 64, 64))


@ng.node
def walk(x: ng.Latent, *, steps: int = 1000, seconds: float = 0.0) -> ng.Loop[ng.Latent]:
    """Steps that compute nothing, or wait."""

    def step(before: tuple[Any, ...], index: int) -> tuple[Any, ...]:
        if seconds:
            time.sleep(seconds)
        return (before[0], index)

    return ng.Loop(lambda: (x, 0), step, steps, lambda after: ng.Latent(after[0]), reads=lambda i: (i,), begins=(x,))


REGISTRY = Registry([Local("b", [start, add, join, state, walk])])


def chain(size: int) -> dict[str, Any]:
    return {"n0": {"use": "b.start", "k": 5}} | {
        f"n{i}": {"use": "b.add", "a": f"$n{i - 1}", "k": i} for i in range(1, size)
    }


def fan(size: int) -> dict[str, Any]:
    return {"n0": {"use": "b.start", "k": 5}} | {f"n{i}": {"use": "b.add", "a": "$n0", "k": i} for i in range(1, size)}


def tree(size: int) -> dict[str, Any]:
    """Leaves first; each pair is joined until one is left."""
    nodes: dict[str, Any] = {}
    open_ = [f"n{i}" for i in range((size + 1) // 2)]
    nodes |= {name: {"use": "b.start", "k": i} for i, name in enumerate(open_)}
    while len(open_) > 1:
        name = f"n{len(nodes)}"
        nodes[name] = {"use": "b.join", "a": f"${open_[0]}", "b": f"${open_[1]}"}
        open_ = [*open_[2:], name] if len(open_) < 4096 else _next_row(nodes, open_[2:], name)
    return nodes


def _next_row(nodes: dict[str, Any], row: list[str], first: str) -> list[str]:
    joined = [first]
    for a, b in zip(row[::2], row[1::2], strict=False):
        name = f"n{len(nodes)}"
        nodes[name] = {"use": "b.join", "a": f"${a}", "b": f"${b}"}
        joined.append(name)
    return joined + row[len(row) // 2 * 2 :]


def dag(size: int) -> dict[str, Any]:
    draw = random.Random(0)
    return {"n0": {"use": "b.start", "k": 5}} | {
        f"n{i}": {"use": "b.join", "a": f"$n{draw.randrange(i)}", "b": f"$n{i - 1}", "k": i} for i in range(1, size)
    }


SHAPES = {"chain": chain, "fan": fan, "tree": tree, "dag": dag}


def text_of(nodes: dict[str, Any], **more: Any) -> str:
    read = {
        value[1:] for node in nodes.values() for value in node.values() if isinstance(value, str) and value[:1] == "$"
    }
    ends = [name for name in nodes if name not in read]
    return json.dumps({"nodes": nodes, "outputs": {name: f"${name}" for name in ends}, **more})


def whole(text: str, cache: Cache) -> int:
    """From text to the last event; how many nodes ran."""
    events = run(plan(check(parse(text), REGISTRY), Device("cpu", "float32")), cache)
    return sum(type(event) is NodeFinished for event in events)


def rounds(size: int) -> int:
    """Enough for Python to have adapted to the code, as it has in a process that runs graphs."""
    return max(3, min(2_000, 50_000 // size))


def _tell(benchmark: Any, count: int, per: str, bar: float) -> None:
    cost = benchmark.stats.stats.min / count * 1e6
    benchmark.extra_info |= {f"us per {per}": round(cost, 2), "bar": bar, "met": cost <= bar}
    print(f"\n{benchmark.name}: {cost:.2f} us a {per} (bar {bar:g})")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("shape", SHAPES)
def test_cold(benchmark: Any, shape: str, size: int) -> None:
    text = text_of(SHAPES[shape](size))
    ran = benchmark.pedantic(whole, setup=lambda: ((text, Cache(10**9, None)), {}), rounds=rounds(size))
    assert ran == text.count('"use"')
    _tell(benchmark, text.count('"use"'), "node", 25)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("shape", SHAPES)
def test_all_cached(benchmark: Any, shape: str, size: int) -> None:
    text = text_of(SHAPES[shape](size))
    cache = Cache(10**9, None)
    whole(text, cache)
    assert benchmark.pedantic(whole, args=(text, cache), rounds=rounds(size)) == 0
    _tell(benchmark, text.count('"use"'), "node", 10)


@pytest.mark.parametrize("size", [1_000, 100_000])
def test_one_leaf_literal_changed_runs_only_its_cone(benchmark: Any, size: int) -> None:
    nodes = tree(size)
    cache = Cache(10**9, None)
    whole(text_of(nodes), cache)
    leaves = iter(range(10**9, 2 * 10**9))

    def changed() -> tuple[tuple[str, Cache], dict[str, Any]]:
        nodes["n0"] = {"use": "b.start", "k": next(leaves)}
        return (text_of(nodes), cache), {}

    ran = benchmark.pedantic(whole, setup=changed, rounds=5)
    assert 2 <= ran <= 2 + size.bit_length()
    _tell(benchmark, len(nodes), "node", 10)


def test_a_sweep_of_a_thousand_points(benchmark: Any) -> None:
    nodes = chain(8) | {
        "last": {"use": "b.join", "a": "$n7", "b": "$n3", "k": "$k"},
        "end": {"use": "b.add", "a": "$last", "k": 3},
    }
    shared = {"nodes": nodes, "outputs": {"end": "$end"}, "inputs": {"k": 0}}
    text = json.dumps({**shared, "sweep": {"k": list(range(1000))}})
    ran = benchmark.pedantic(whole, setup=lambda: ((text, Cache(10**9, None)), {}), rounds=10)
    assert ran == 8 + 2 * 1000
    _tell(benchmark, 1000, "point", 60)


@pytest.mark.parametrize("tier", ["memory", "disk"])
def test_a_step_of_a_loop(benchmark: Any, tmp_path: Path, tier: str) -> None:
    """With the disk, steps take 50 ms, of which at most 2 % may be the engine's."""
    steps, seconds, bar = (1000, 0.0, 100) if tier == "memory" else (100, 0.05, 1000)
    nodes = {"x": {"use": "b.state"}, "y": {"use": "b.walk", "x": "$x", "steps": steps, "seconds": seconds}}
    folders = iter(range(100))

    def fresh() -> tuple[tuple[str, Cache], dict[str, Any]]:
        folder = None if tier == "memory" else tmp_path / str(next(folders))
        return (text_of(nodes), Cache(10**9, folder)), {}

    benchmark.pedantic(whole, setup=fresh, rounds=3)
    _tell(benchmark, steps, "step", bar)


CHAIN_OF_TENSORS = """
import json, torch
from noisegraph.store.cache import Cache
from noisegraph.check import check
from noisegraph.devices import Device
from noisegraph.graph import parse
from noisegraph.plan import plan
from noisegraph.registry import Local, Registry
from noisegraph.run import run
from tests.bench.large import large, grown
nodes = {"n0": {"use": "b.large"}} | {f"n{i}": {"use": "b.grown", "x": f"$n{i-1}"} for i in range(1, 50)}
text = json.dumps({"nodes": nodes, "outputs": {"x": "$n49"}})
planned = plan(check(parse(text), Registry([Local("b", [large, grown])])), Device("cpu", "float32"))
def kilobytes(name):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(name))
(torch.ones(1_000_000) + 1).sum()
open("/proc/self/clear_refs", "w").write("5")  # forget the peak of the imports
before = kilobytes("VmRSS")
for event in run(planned, Cache(32_000_000, None)): pass
print(kilobytes("VmHWM") - before)
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the peak is read from /proc, which Linux has")
def test_a_chain_of_fifty_large_tensors_stays_small() -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", CHAIN_OF_TENSORS], cwd=root, capture_output=True, text=True, check=True
    )
    peak = int(done.stdout) / 1024
    print(f"\n50 tensors of 64 MB in a chain: {peak:.0f} MB above the start")
    assert 60 < peak < 200
