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
