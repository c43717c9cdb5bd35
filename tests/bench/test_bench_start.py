"""What it costs to start: seconds of CPU of whole commands, beside `import torch`.

    pytest tests/bench/test_bench_start.py -s

Bars are told, not judged: machines differ. That nothing imports torch which need not is asserted elsewhere.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.bench
ROUNDS = 5


def _seconds(tmp_path: Path, *command: str) -> float:
    """User and system seconds of the fastest of some runs, on one thread."""
    environment = os.environ | {"NOISEGRAPH_CACHE": str(tmp_path / "cache"), "OMP_NUM_THREADS": "1"}
    found = []
    for _ in range(ROUNDS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(found)


def _noisegraph(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "noisegraph", *arguments)


@pytest.mark.parametrize(
    ("what", "bar", "command"),
    [
        ("noisegraph --help", 0.15, _noisegraph("--help")),
        ("check of 12 nodes", 0.35, _noisegraph("check", "digit")),
        ("plan of 12 nodes", 0.35, _noisegraph("plan", "digit")),
    ],
)
def test_a_command_starts_fast(tmp_path: Path, what: str, bar: float, command: tuple[str, ...]) -> None:
    cost = _seconds(tmp_path, *command)
    print(f"\n{what}: {cost:.3f} s of CPU (bar {bar})")


ARITHMETIC = """
import resource, torch, noisegraph as ng
from noisegraph.nodes.model import digit
model = digit()
x = torch.randn(2, 1, 8, 8)
module = model.unet.weights.module()
condition = {"y": torch.tensor([7, 10])}
before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
with torch.no_grad():
    for step in range(50):
        module(x, torch.full((2,), 500.0), **condition)
print(resource.getrusage(resource.RUSAGE_SELF).ru_utime - before)
"""


def test_the_first_picture_costs_little_more_than_torch(tmp_path: Path) -> None:
    torch = _seconds(tmp_path, sys.executable, "-c", "import torch")
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", ARITHMETIC], env=environment, capture_output=True, text=True, check=True
    )
    arithmetic = float(done.stdout)
    first = _seconds(tmp_path, *_noisegraph("run", "digit", "--disk", "0", "--quiet"))
    bar = 2 * torch + arithmetic
    print(
        f"\nimport torch {torch:.2f} s, 50 calls {arithmetic:.2f} s, first picture {first:.2f} s of CPU (bar {bar:.2f})"
    )


def test_the_first_emoji_costs_little_more_than_torch(tmp_path: Path) -> None:
    torch = _seconds(tmp_path, sys.executable, "-c", "import torch")
    first = _seconds(tmp_path, *_noisegraph("run", "emoji", "--disk", "0", "--quiet"))
    print(f"\nimport torch {torch:.2f} s, first emoji {first:.2f} s of CPU: {first / torch:.2f} times (bar 2.5)")


EMOJI = """
import time, torch, noisegraph as ng
from noisegraph.check import check
from noisegraph.devices import Device
from noisegraph.graph import library, load
from noisegraph.plan import plan
from noisegraph.registry import Registry
from noisegraph.run import run
from noisegraph.store.cache import Cache
def seconds(seed, steps):
    graph = check(load(library()["emoji"]), Registry.installed(), {"seed": seed, "steps": steps})
    started = time.process_time()
    for event in run(plan(graph, Device("cpu", "float32")), Cache(10**9, None)):
        pass
    return time.process_time() - started
torch.set_num_threads(2)
seconds(0, 20)
print(min(seconds(seed, 20) for seed in range(1, 4)) - min(seconds(seed, 1) for seed in range(4, 7)))
"""


def test_twenty_steps_of_an_emoji_take_less_than_a_second_on_two_cores(tmp_path: Path) -> None:
    environment = os.environ | {"OMP_WAIT_POLICY": "passive"}
    done = subprocess.run([sys.executable, "-c", EMOJI], env=environment, capture_output=True, text=True, check=True)
    both = float(done.stdout)
    print(f"\n19 more steps of an emoji: {both:.2f} s of CPU over two cores, {both / 2:.2f} s on each (bar 1.0)")


def test_a_warm_repeat_imports_no_torch(tmp_path: Path) -> None:
    subprocess.run(_noisegraph("run", "digit"), cwd=tmp_path, check=True, capture_output=True,
                   env=os.environ | {"NOISEGRAPH_CACHE": str(tmp_path / "cache")})  # fmt: skip
    cost = _seconds(tmp_path, *_noisegraph("run", "digit", "--quiet"))
    print(f"\nwarm repeat: {cost:.3f} s of CPU (bar 0.3)")
    command = (sys.executable, "-X", "importtime", *_noisegraph("run", "digit", "--quiet")[1:])
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True,
                          env=os.environ | {"NOISEGRAPH_CACHE": str(tmp_path / "cache")})  # fmt: skip
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "noisegraph.run" in imported
    assert "torch" not in imported
