"""Full disks, damaged entries, two processes at once, and nodes that hang: the results stay right, and it is told."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from noisegraph.run import run
from noisegraph.running.guard import has_nan, held
from noisegraph.store.cache import Cache
from noisegraph.store.sizes import size_of
from noisegraph.store.storable import storable
from noisegraph.types import is_tensor

from .cli_probe import call, chain, start, write
from .conftest import Engine, Told

GRAPH: dict[str, Any] = {
    "nodes": {
        "x": {"use": "t.tensor", "size": 20_000, "value": 0.1},
        "y": {"use": "t.scale", "x": "$x", "by": 1.1},
        "n": {"use": "t.count", "x": "$y", "steps": 10, "by": 0.3},
        "z": {"use": "t.scale", "x": "$n", "by": 3.0},
        "k": {"use": "t.number", "value": 7},
    },
    "outputs": {"z": "$z", "y": "$y", "k": "$k"},
}


def same(told: Told, wanted: dict[str, Any]) -> bool:
    """Whether the outputs are the wanted ones, bit by bit."""
    return told.outputs["k"] == 7 and all(torch.equal(told.outputs[name], wanted[name]) for name in ("y", "z"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 200 kB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this system does not let tests mount")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_run_on_a_full_disk_finishes_and_says_that_it_could_not_store(small_disk: Path) -> None:
    wanted = Engine().run(GRAPH).outputs
    for _ in range(3):
        told = Engine(small_disk).run(GRAPH)
        assert same(told, wanted)
        assert told.failed == {}
        assert any("cannot store a value: No space left on device" in one for one in told.warned)
        assert len(told.warned) == 1, "told once a run"
    assert list(small_disk.rglob("*.part")) == []


@pytest.mark.slow
def test_the_command_line_draws_its_file_though_the_cache_has_no_room(small_disk: Path, tmp_path: Path) -> None:
    (small_disk / "filler").write_bytes(b"\0" * 196_608)
    graph = write(tmp_path, **chain("probe.latent"))
    done = call("run", graph, cwd=tmp_path, NOISEGRAPH_CACHE=str(small_disk))
    assert (done.returncode, done.stdout) == (0, "graph-0001.safetensors\n")
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_output_folder_that_fills_up_is_told_before_anything_runs(small_disk: Path, tmp_path: Path) -> None:
    (small_disk / "filler").write_bytes(b"\0" * 204_800)
    done = call("run", write(tmp_path, **chain("probe.latent")), "--out", str(small_disk), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot write there: No space left on device" in done.stderr


def test_a_run_whose_files_may_not_grow_finishes_and_says_so_too(tmp_path: Path) -> None:
    wanted = Engine().run(GRAPH).outputs
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        told = Engine(tmp_path).run(GRAPH)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert same(told, wanted)
    assert [one.split(": ")[2].partition(";")[0] for one in told.warned] == ["File too large"]


@pytest.mark.parametrize("seed", range(4))
def test_c45_entries_flipped_cut_short_or_emptied_are_made_again_and_told(seed: int, tmp_path: Path) -> None:
    wanted = Engine(tmp_path).run(GRAPH).outputs
    draw = random.Random(seed)
    entries = sorted(tmp_path.rglob("*.safetensors"))
    assert len(entries) > 4
    for path in entries:
        data = bytearray(path.read_bytes())
        match draw.randrange(4):
            case 0:
                data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
            case 1:
                del data[draw.randrange(len(data)) :]
            case 2:
                data.clear()
            case _:
                data += b"\0"
        path.write_bytes(bytes(data))
    told = Engine(tmp_path).run(GRAPH)
    assert same(told, wanted)
    assert set(told.ran) == {"x", "y", "n", "z", "k"}
    assert told.warned
    assert all("a damaged cache entry was removed" in one for one in told.warned)
    again = Engine(tmp_path).run(GRAPH)
    assert (again.ran, again.warned) == ([], [])


def test_c45_an_entry_under_the_wrong_name_is_never_anothers_value(tmp_path: Path) -> None:
    """Renaming is the one damage that no checksum sees; it takes an attacker, who could as well write the value."""
    Engine(tmp_path).run(GRAPH)
    for path in tmp_path.rglob("*.safetensors"):
        path.rename(path.with_name(f"{'0' * 32}.safetensors"))
    told = Engine(tmp_path).run(GRAPH)
    assert set(told.ran) == {"x", "y", "n", "z", "k"}
    assert told.warned == []


def _run_in_a_child(folder: Path, wanted: dict[str, Any], runs: int, limit: int) -> int:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            for number in range(runs):
                engine = Engine()
                engine.cache = Cache(0, folder, limit)
                graph = {**GRAPH, "nodes": {**GRAPH["nodes"], "k": {"use": "t.number", "value": 7}}}
                graph["nodes"]["w"] = {"use": "t.tensor", "size": 20_000, "value": float(os.getpid() % 97 + number)}
                told = engine.run({**graph, "outputs": {**GRAPH["outputs"], "w": "$w"}})
                assert same(told, wanted), "a wrong value"
                assert not told.failed, told.failed
                assert not told.warned, told.warned
            code = 0
        finally:
            os._exit(code)
    return child


def test_c46_c47_processes_on_one_folder_over_its_bound_are_all_right(tmp_path: Path) -> None:
    wanted = Engine().run(GRAPH).outputs
    children = [_run_in_a_child(tmp_path, wanted, 12, 500_000) for _ in range(3)]
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
    assert sum(path.stat().st_size for path in tmp_path.rglob("*.safetensors")) < 1_000_000


def test_c47_what_a_run_is_going_to_read_is_not_pruned_by_another_run(tmp_path: Path) -> None:
    wanted = Engine(tmp_path).run(GRAPH).outputs
    waiting = run(Engine().plan(GRAPH), Cache(0, tmp_path, 250_000))
    told = Told([next(waiting), next(waiting)])
    for value in range(5):
        other = Engine()
        other.cache = Cache(0, tmp_path, 250_000)
        other.run({"nodes": {"o": {"use": "t.tensor", "size": 20_000, "value": float(value)}}, "outputs": {"o": "$o"}})
    told.events += list(waiting)
    assert same(told, wanted)
    assert told.ran == []


def test_c28_a_node_that_hangs_is_left_at_once_by_a_second_interrupt_and_the_next_run_works(tmp_path: Path) -> None:
    nodes = {"k": {"use": "probe.number", "value": 5},
             "n": {"use": "probe.count", "steps": 2, "seconds": "$s", "log": "log"},
             "sum": {"use": "probe.add", "a": "$k", "b": "$n"}}  # fmt: skip
    graph = write(tmp_path, inputs={"s": 300}, nodes=nodes, outputs={"x": "$sum"})
    process = start("run", graph, cwd=tmp_path)
    assert process.stderr is not None
    assert process.stderr.readline() == "3 of 3 nodes to run\n"
    time.sleep(0.5)
    began = time.monotonic()
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
    out, error = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in error
    assert time.monotonic() - began < 10
    done = call("run", graph, "s=0", "--json", cwd=tmp_path)
    assert done.returncode == 0
    assert '"x": 7' in done.stdout


def test_a_run_that_is_never_looked_at_again_holds_no_thread_and_no_pin(tmp_path: Path) -> None:
    Engine(tmp_path).run(GRAPH)
    events = run(Engine().plan(GRAPH), Cache(0, tmp_path, 250_000))
    next(events)
    next(events)
    assert list(tmp_path.rglob("*.pins"))
    del events
    assert list(tmp_path.rglob("*.pins")) == []


def test_torch_that_another_thread_is_importing_is_taken_as_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", ModuleType("torch"))
    monkeypatch.setitem(sys.modules, "numpy", ModuleType("numpy"))
    value = {"scale": 1.5, "names": ["a", 2]}
    assert not has_nan(value)
    assert list(held(value))
    assert not is_tensor(value)
    assert size_of(value) > 0
    assert storable(dict[str, float], ())
