"""Runs the command line for tests, in this process or in one of its own, with the probe's plugin installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

PROBE = Path(__file__).parent / "probe"


@cache
def _fingerprints() -> bytes:
    """What the fingerprints of all plugins rest on, which costs most of a command's time where it is not known."""
    with TemporaryDirectory() as folder:
        env = {**os.environ, "NOISEGRAPH_CACHE": folder}
        subprocess.run([sys.executable, "-m", "noisegraph", "plugins"], env=env, capture_output=True, check=True)
        return Path(folder, "fingerprints.json").read_bytes()


def used(cache: Path) -> Path:
    """The folder as that of a cache with which all plugins were once looked at."""
    cache.mkdir(parents=True, exist_ok=True)
    (cache / "fingerprints.json").write_bytes(_fingerprints())
    return cache


def environment(cache: Path, **more: str) -> dict[str, str]:
    """The environment of a process that sees the probe and has a cache of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NOISEGRAPH")}
    path = os.pathsep.join(part for part in (str(PROBE), os.environ.get("PYTHONPATH", "")) if part)
    return {**kept, "PYTHONPATH": path, "NOISEGRAPH_CACHE": str(used(cache)), "OMP_NUM_THREADS": "1", **more}


def start(*arguments: str, cwd: Path, **more: str) -> subprocess.Popen[str]:
    """`noisegraph ARGUMENTS` in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "noisegraph", *arguments],
        cwd=cwd, env={**environment(cwd / "cache"), **more}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def call(*arguments: str, cwd: Path, stdin: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    """The same, to its end."""
    process = start(*arguments, cwd=cwd, **more)
    out, error = process.communicate(stdin, timeout=120)
    return subprocess.CompletedProcess(arguments, process.returncode, out, error)


def write(folder: Path, name: str = "graph.json", **graph: Any) -> str:
    """A graph file; its name."""
    (folder / name).write_text(json.dumps(graph))
    return name


def chain(use: str, output: str = "out", **given: Any) -> dict[str, Any]:
    """A graph of one node whose parameters are inputs with these defaults."""
    node = {"use": use, **{name: f"${name}" for name in given}}
    return {"inputs": given, "nodes": {"node": node}, "outputs": {output: "$node"}}
