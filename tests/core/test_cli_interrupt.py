"""Runs that are stopped, killed and asked for again."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

import pytest
from noisegraph.events import NodeStepped
from noisegraph.graph import find
from noisegraph.registry import Registry
from noisegraph.request import Request, planned
from noisegraph.run import run
from noisegraph.store.cache import Cache

from .cli_probe import call, chain, environment, start, write
from .test_cli import here as here
from .test_cli import in_process

STEPS = 25


def counting(folder: Path, seconds: float) -> str:
    """A graph that counts, and logs each step that is really done."""
    return write(folder, **chain("probe.count", steps=STEPS, seconds=seconds, log=str(folder / "log")))


def steps_done(folder: Path) -> list[int]:
    """The steps in the log."""
    log = folder / "log"
    return [int(line) for line in log.read_text().split()] if log.exists() else []


def after_steps(process: subprocess.Popen[str], folder: Path, count: int) -> None:
    """Wait until the process has done some steps."""
    until = time.monotonic() + 60
    while len(steps_done(folder)) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_after_the_step_and_the_same_command_goes_on(number: signal.Signals, tmp_path: Path) -> None:
    graph = counting(tmp_path, 0.05)
    process = start("run", graph, "--out", "an out", cwd=tmp_path)
    after_steps(process, tmp_path, 5)
    process.send_signal(number)
    out, error = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, "")
    assert f"To go on from there: noisegraph run {graph} --out 'an out'" in error
    assert "Traceback" not in error
    done = steps_done(tmp_path)
    assert 5 <= len(done) < STEPS
    again = call("run", graph, "--out", "an out", cwd=tmp_path)
    assert again.returncode == 0
    assert f"goes on after step {len(done)} of {STEPS}" in again.stderr
    assert steps_done(tmp_path) == list(range(STEPS))
    assert (tmp_path / again.stdout.strip()).read_text() == f"{sum(range(STEPS))}\n"


def test_a_second_signal_does_not_wait_for_the_step(tmp_path: Path) -> None:
    process = start("run", write(tmp_path, **chain("probe.count", steps=2, seconds=60, log="")), cwd=tmp_path)
    assert process.stderr is not None
    assert process.stderr.readline() == "1 of 1 nodes to run\n"
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    assert process.stderr.readline() == "stopping after this step; once more to stop at once\n"
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in error
    assert time.monotonic() - began < 10


def test_a_cancelled_run_says_so_in_its_events(tmp_path: Path) -> None:
    process = start("run", counting(tmp_path, 0.05), "--events", "jsonl", cwd=tmp_path)
    after_steps(process, tmp_path, 2)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    assert [json.loads(line)["event"] for line in out.splitlines()][-1] == "cancelled"


def test_runs_that_are_killed_at_any_moment_go_on_and_end_right(tmp_path: Path) -> None:
    graph = counting(tmp_path, 0.02)
    chance = random.Random(7)
    for _ in range(4):
        process = start("run", graph, "--out", "out", cwd=tmp_path)
        before = len(steps_done(tmp_path))
        until = time.monotonic() + 60
        while len(steps_done(tmp_path)) < before + 3 and process.poll() is None and time.monotonic() < until:
            time.sleep(0.005)
        time.sleep(chance.random() * 0.05)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    again = call("run", graph, "--out", "out", cwd=tmp_path)
    assert (again.returncode, "damaged" in again.stderr) == (0, False)
    assert (tmp_path / again.stdout.strip()).read_text() == f"{sum(range(STEPS))}\n"
    done = steps_done(tmp_path)
    assert done.count(0) == 1, "a killed run starts again from the beginning"
    assert len(done) <= STEPS + 4 * 3, "a kill costs more than the steps of a moment"


def test_plan_tells_the_steps_that_a_stopped_run_left_and_run_begins_behind_them(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registry = Registry.installed()
    plan = planned(Request(find("digit"), {"steps": 6}), registry)
    events = run(plan, Cache(32_000_000, here / "cache"))
    for event in events:
        if isinstance(event, NodeStepped) and event.step == 3:
            break
    assert isinstance(events, Generator)
    events.close()
    code, out, _ = in_process(capsys, "plan", "digit", "steps=6")
    assert code == 0
    assert re.search(r"^drawn: run, .*; steps 0-2 cached, 3-5 will run", out, re.MULTILINE)
    code, _, error = in_process(capsys, "run", "digit", "steps=6")
    assert code == 0
    assert "drawn: goes on after step 3 of 6" in error


@pytest.mark.slow
def test_a_picture_is_the_same_bytes_however_often_its_run_was_killed(tmp_path: Path) -> None:
    command = ("run", "digit", "steps=30", "seed=11", "--quiet")
    chance = random.Random(3)
    for _ in range(3):
        process = start(*command, "--events", "jsonl", cwd=tmp_path)
        assert process.stdout is not None
        for line in process.stdout:
            if json.loads(line)["event"] in ("progress", "done"):
                break
        time.sleep(chance.random() * 0.3)
        process.kill()
        process.communicate()
    killed = call(*command, cwd=tmp_path)
    whole = call(*command, cwd=tmp_path, NOISEGRAPH_CACHE=str(tmp_path / "other"))
    assert (killed.returncode, whole.returncode) == (0, 0)
    first, second = ((tmp_path / done.stdout.strip()).read_bytes() for done in (killed, whole))
    assert first == second


def test_a_terminal_shows_bars_and_no_colour_where_that_is_asked_for(tmp_path: Path) -> None:
    pty = pytest.importorskip("pty")
    graph = counting(tmp_path, 0.05)
    told = {}
    for colour in ("", "1"):
        master, slave = pty.openpty()
        env = environment(tmp_path / f"cache{colour}", TERM="xterm-256color", COLUMNS="100")
        env |= {"NO_COLOR": colour} if colour else {}
        command = [sys.executable, "-m", "noisegraph", "run", graph]
        process = subprocess.Popen(command, cwd=tmp_path, env=env, stderr=slave, stdout=subprocess.PIPE)
        os.close(slave)
        shown = b""
        while True:
            try:
                part = os.read(master, 65536)
            except OSError:
                break
            if not part:
                break
            shown += part
        os.close(master)
        assert process.wait(30) == 0
        told[colour] = shown.decode()
    assert re.search(r"\d steps/s, [\d.]+ s left", told[""])
    assert f"/{STEPS}" in told[""]
    assert "\x1b[38" in told[""] or "\x1b[3" in told[""]
    assert not any(f"\x1b[{code}m" in told["1"] for code in (*range(31, 38), *range(91, 98)))
