"""Conversations with the worker."""

from __future__ import annotations

import base64
import io
import json
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from noisegraph.devices import Device
from noisegraph.events import Event
from noisegraph.run import run
from noisegraph.serving import worker
from noisegraph.store.cache import Cache

from .cli_probe import PROBE, call, chain, start, write


class Talk:
    """A worker process, and what it said so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said: list[dict[str, Any]] = []
        self.opening: list[dict[str, Any]] = []
        """What it said before torch was there."""
        self._lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def tell(self, **command: Any) -> None:
        """Send a command."""
        self.tell_text(json.dumps(command))

    def tell_text(self, text: str) -> None:
        """Send a line."""
        assert self.process.stdin is not None
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def until(self, **wanted: Any) -> list[dict[str, Any]]:
        """What it says up to the first message that has all this."""
        heard: list[dict[str, Any]] = []
        while True:
            try:
                line = self._lines.get(timeout=60)
            except queue.Empty:
                pytest.fail(f"it said nothing of {wanted}, but {self.said[-5:]}")
            assert line is not None, "the worker ended"
            heard.append(json.loads(line))
            self.said.append(heard[-1])
            if all(heard[-1].get(name) == value for name, value in wanted.items()):
                return heard

    def run(self, run: str, graph: object, **more: Any) -> list[dict[str, Any]]:
        """Run a graph; all that is said of it."""
        self.tell(command="run", run=run, graph=graph, **more)
        return self.until(event="done", run=run)

    def close(self) -> int:
        """End stdin; the exit code."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(timeout=30)


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Talk]:
    """A worker of the test's own, in its folder: it may end it."""
    yield from _talk(tmp_path)


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Talk]:
    """A worker that lives as long as the module's tests."""
    for talk in _talk(tmp_path_factory.mktemp("worker")):
        talk.tell(command="plan", run="p", graph=chain("probe.number", value=1))
        talk.opening = talk.until(event="plan")
        yield talk


@pytest.fixture
def shared(living: Talk) -> Talk:
    """The same, with nothing said to this test yet."""
    if not any(one["event"] == "ready" for one in living.said):
        living.until(event="ready")
    living.said = [one for one in living.said if one["event"] == "ready"]
    return living


def _talk(folder: Path) -> Iterator[Talk]:
    process = start("worker", cwd=folder)
    yield Talk(process)
    process.kill()
    process.wait()


def events(heard: list[dict[str, Any]], *leave_out: str) -> list[str]:
    """The kinds of the messages, in order."""
    return [one["event"] for one in heard if one["event"] not in leave_out]


def test_a_run_is_told_from_plan_to_done_and_what_nodes_print_never_gets_among_it(talk: Talk, tmp_path: Path) -> None:
    heard = talk.run("one", chain("probe.count", steps=3), out=str(tmp_path / "out"), name="counted.json")
    assert events(heard, "meters") == [
        "hello",
        "ready",
        "plan",
        "node",
        "progress",
        "progress",
        "node",
        "result",
        "done",
    ]
    hello, result, done = heard[0], heard[-3], heard[-1]
    assert (hello["protocol"], hello["pid"]) == (1, talk.process.pid)
    (point,) = result["points"]
    assert point["values"] == {"out": 3}
    assert point["files"] == {"out": [str(tmp_path / "out" / "counted-0001.json")]}
    assert (done["failed"], done["run"]) == (0, "one")
    printed = talk.run("two", chain("probe.trouble", kind="print"))
    written = talk.run("three", chain("probe.trouble", kind="write"))
    assert printed[-1]["failed"] == written[-1]["failed"] == 0
    assert talk.close() == 0
    assert [one["seq"] for one in talk.said] == list(range(len(talk.said)))
    assert talk.process.stderr is not None
    assert talk.process.stderr.read().count("the probe writes this") == 1
    assert any("the probe prints this" in one.get("what", "") for one in printed)
    assert not any("the probe" in one.get("what", "") for one in written)


def test_how_many_bytes_of_memory_a_value_holds_is_told(shared: Talk) -> None:
    first = shared.run("one", chain("probe.number", value=34))
    second = shared.run("two", chain("probe.number", value=34))
    held = [one["held"] for one in (*first, *second) if one["event"] == "node" and one["state"] != "running"]
    assert held == [32, 32]  # an int


def test_what_a_run_made_is_in_memory_for_the_next(shared: Talk) -> None:
    shared.run("one", chain("probe.number", value=33))
    second = shared.run("two", chain("probe.number", value=33))
    assert [(one["state"], one["why"]) for one in second if one["event"] == "node"] == [
        ("cached", "in the cache (memory)")
    ]


def test_a_cancelled_run_ends_at_once_and_the_next_goes_on_from_its_step(shared: Talk, tmp_path: Path) -> None:
    graph = chain("probe.count", steps=40, seconds=0.05, log=str(tmp_path / "log"))
    shared.tell(command="run", run="one", graph=graph)
    shared.tell(command="run", run="never", graph=chain("probe.number", value=9))
    shared.until(event="progress", run="one")
    shared.tell(command="cancel", run="never")
    shared.tell(command="cancel", run="one")
    heard = shared.until(event="done", run="one")
    assert len((tmp_path / "log").read_text().split()) < 40
    assert events(heard, "meters", "progress") == ["cancelled", "done"]
    assert events(shared.until(event="done", run="never"), "meters") == ["cancelled", "done"]
    again = shared.run("one", graph)
    assert next(one for one in again if one["event"] == "progress")["cached"]
    assert events(again)[-1] == "done"
    assert [int(line) for line in (tmp_path / "log").read_text().split()] == list(range(40))


def test_an_id_that_waits_or_is_on_is_refused_to_another_run(shared: Talk, tmp_path: Path) -> None:
    graph = chain("probe.count", steps=40, seconds=0.05, log=str(tmp_path / "log"))
    shared.tell(command="run", run="on", graph=graph)
    shared.until(event="progress", run="on")
    shared.tell(command="run", run="waits", graph=chain("probe.number", value=9), out=str(tmp_path / "out"))
    shared.tell(command="cancel", run="waits")
    for name in ("on", "waits"):
        shared.tell(command="run", run=name, graph=chain("probe.number", value=1))
        error = shared.until(event="error")[-1]
        assert (error["kind"], error["run"]) == ("command", "")
        assert error["message"] == f"a run '{name}' waits or is on; give this one another id"
    shared.tell(command="cancel", run="on")
    assert events(shared.until(event="done", run="on"), "meters", "progress") == ["cancelled", "done"]
    assert events(shared.until(event="done", run="waits"), "meters") == ["cancelled", "done"]
    assert not (tmp_path / "out").exists()
    assert shared.run("waits", chain("probe.number", value=9))[-3]["points"][0]["values"] == {"out": 9}


def test_the_command_line_tells_the_same_events(shared: Talk, tmp_path: Path) -> None:
    graph = {"outputs": {"x": "$b", "y": "$c"}} | {
        "nodes": {
            "a": {"use": "probe.count", "steps": 3},
            "b": {"use": "probe.add", "a": "$a", "more": 9},
            "c": {"use": "probe.trouble", "a": "$a"},
        }
    }
    heard = shared.run("run", graph, out="out", name="graph.json")
    (tmp_path / "graph.json").write_text(json.dumps(graph))
    done = call("run", "graph.json", "--events", "jsonl", "--out", "out", cwd=tmp_path)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert alike(told) == alike(heard)
    assert {"plan", "node", "progress", "error", "result", "done"} == {one["event"] for one in told}


def alike(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What events are wherever they are told: without times, without steps that are left out where they are fast."""
    kept = [one for one in messages if one["event"] != "meters" and one.get("step") == one.get("of")]
    varying = {"seq", "seconds", "its", "eta", "full_traceback"}
    return [{name: value for name, value in one.items() if name not in varying} | {"": sorted(one)} for one in kept]


def test_a_paused_run_waits_goes_a_step_and_resumes(shared: Talk, tmp_path: Path) -> None:
    log = tmp_path / "log"
    shared.tell(command="pause")
    shared.tell(command="run", run="one", graph=chain("probe.count", steps=5, seconds=0.0, log=str(log)))
    for _ in range(4):
        shared.tell(command="step")
    until = time.monotonic() + 60
    while not (log.exists() and len(log.read_text().split()) == 2):
        assert time.monotonic() < until
        time.sleep(0.01)
    time.sleep(0.2)
    assert len(log.read_text().split()) == 2, "it does not wait"
    shared.tell(command="resume")
    assert events(shared.until(event="done", run="one"))[-1] == "done"
    assert len(log.read_text().split()) == 5


def test_wrong_commands_and_wrong_graphs_are_told_and_the_worker_lives(shared: Talk) -> None:
    for text in ("nonsense", "[]", '{"command": "rum"}', '{"command": "preview_size", "size": "big"}', "[" * 5000):
        shared.tell_text(text)
        assert shared.until(event="error")[-1]["kind"] == "command"
    shared.tell_text('{"cmd": "run"}')
    assert '{"command": "run", ' in shared.until(event="error")[-1]["message"]
    heard = shared.run("bad", {"nodes": {"a": {"use": "probe.nothing"}}, "outputs": {"x": "$b"}})
    error = next(one for one in heard if one["event"] == "error")
    assert (error["kind"], [problem["path"] for problem in error["problems"]]) == (
        "graph",
        ["nodes.a.use", "outputs.x"],
    )
    for wrong in ({}, {"graph": 7}, {"path": "no.json"}, {"graph": chain("probe.number", value=1), "inputs": [1]}):
        shared.tell(command="run", run="wrong", **wrong)
        assert "error" in events(shared.until(event="done", run="wrong"))
    heard = shared.run("opaque", chain("probe.opaque"), out="out")
    assert "no file can hold" in next(one for one in heard if one["event"] == "error")["message"]
    assert shared.run("good", chain("probe.number", value=1))[-1]["failed"] == 0


def test_a_failing_node_is_told_with_its_plugin_and_inputs(shared: Talk) -> None:
    heard = shared.run("one", chain("probe.trouble", kind="raise"))
    error = next(one for one in heard if one["event"] == "error")
    assert (error["kind"], error["node"], error["plugin"]) == ("error", "node", "probe")
    assert "ZeroDivisionError" in error["message"]
    assert "noisegraph_probe.py" in error["traceback"]
    assert error["inputs"] == {"kind": "'raise'"}
    assert (heard[-1]["event"], heard[-1]["failed"]) == ("done", 1)
    for kind in ("exit", "memory", "type"):
        assert shared.run(kind, chain("probe.trouble", kind=kind))[-1]["failed"] == 1


def test_previews_come_only_while_somebody_looks(shared: Talk) -> None:
    heard = shared.run("blind", "", path="digit", inputs={"steps": 3})
    assert "preview" not in events(heard)
    shared.tell(command="preview_size", size=32)
    heard = shared.run("seen", "", path="digit", inputs={"steps": 6, "seed": 2})
    previews = [one for one in heard if one["event"] == "preview"]
    assert previews
    assert previews[-1]["step"] == 6
    assert (previews[-1]["w"], previews[-1]["h"]) == (32, 32)
    assert len(base64.b64decode(previews[-1]["rgb"])) == 32 * 32 * 3
    shared.tell(command="preview_size", size=0)
    assert "preview" not in events(shared.run("again", "", path="digit", inputs={"steps": 3, "seed": 3}))


def test_plan_and_schema_are_told_without_running(shared: Talk) -> None:
    shared.tell(command="plan", run="p", graph=chain("probe.number", value=1), inputs={"value": 4}, name="new.json")
    plan = shared.until(event="plan", run="p")[-1]
    assert (plan["to_run"], plan["nodes"][0]["why"]) == (1, "never run")
    shared.tell(command="schema")
    told = shared.until(event="schema")[-1]
    assert told["schema"]["$schema"].endswith("2020-12/schema")
    number = next(node for node in told["nodes"] if node["name"] == "probe.number")
    assert number["ports"][0]["limits"] == [">= 0", "<= 100"]
    assert "float" in told["flows"]["int"]
    assert {"name": "probe", "error": None}.items() <= next(
        one for one in told["plugins"] if one["name"] == "probe"
    ).items()


def test_a_plan_is_told_while_a_run_is_on_and_while_it_is_paused(shared: Talk, tmp_path: Path) -> None:
    shared.tell(
        command="run", run="one", graph=chain("probe.count", steps=100, seconds=0.05, log=str(tmp_path / "log"))
    )
    shared.until(event="progress", run="one")
    shared.tell(command="plan", run="p", graph=chain("probe.number", value=1))
    assert "done" not in events(shared.until(event="plan", run="p"))
    shared.tell(command="pause")
    shared.tell(command="plan", run="q", graph=chain("probe.number", value=2))
    shared.until(event="plan", run="q")
    shared.tell(command="plan", run="wrong", graph="{")
    assert shared.until(event="error")[-1]["run"] == "wrong"
    shared.tell(command="cancel", run="one")
    assert "cancelled" in events(shared.until(event="done", run="one"))
    shared.tell(command="resume")


def test_runs_that_are_asked_for_while_one_is_on_are_done_in_order_after_it(shared: Talk, tmp_path: Path) -> None:
    shared.tell(command="run", run="1", graph=chain("probe.count", steps=20, seconds=0.02, log=str(tmp_path / "log")))
    shared.until(event="progress", run="1")
    for name in ("2", "3", "4"):
        shared.tell(command="run", run=name, graph=chain("probe.number", value=int(name)))
    shared.until(event="done", run="4")
    assert [one["run"] for one in shared.said if one["event"] == "done"] == ["1", "2", "3", "4"]


def test_the_pictures_of_a_run_are_told_small_with_their_files(shared: Talk, tmp_path: Path) -> None:
    inputs = {"steps": 3, "count": 2}
    assert "picture" not in events(shared.run("blind", "", path="digit", inputs=inputs, out=str(tmp_path / "out")))
    shared.tell(command="preview_size", size=16)
    heard = shared.run("seen", "", path="digit", inputs=inputs, out=str(tmp_path / "out"))
    told = [one for one in heard if one["event"] == "picture"]
    assert [(one["output"], one["point"], one["w"], one["h"]) for one in told] == [("image", 0, 16, 16)] * 2
    (point,) = next(one for one in heard if one["event"] == "result")["points"]
    assert [one["file"] for one in told] == point["files"]["image"][:2]
    assert len({one["rgb"] for one in told}) == 2
    assert len(base64.b64decode(told[0]["rgb"])) == 16 * 16 * 3


def test_a_run_takes_a_sweep_a_node_to_stop_at_and_nodes_to_run_afresh(shared: Talk) -> None:
    graph = {"inputs": {"v": 1}, "outputs": {"x": "$b"}} | {
        "nodes": {"a": {"use": "probe.number", "value": "$v"}, "b": {"use": "probe.add", "a": "$a"}}
    }
    heard = shared.run("s", graph, sweep={"v": [1, 2]})
    assert [point["values"]["x"] for point in heard[-3]["points"]] == [2, 3]
    assert shared.run("u", graph, until="a")[-3]["points"][0]["values"] == {"a": 1}
    states = [one["state"] for one in shared.run("f", graph, fresh=["b"]) if one["event"] == "node"]
    assert states == ["cached", "running", "done"]


@pytest.mark.slow
def test_the_worker_ends_when_stdin_does_though_a_run_is_on(talk: Talk, tmp_path: Path) -> None:
    log = tmp_path / "log"
    talk.tell(command="run", run="one", graph=chain("probe.count", steps=1000, seconds=0.05, log=str(log)))
    talk.until(event="progress")
    assert talk.close() == 0
    assert len(log.read_text().split()) < 100


@pytest.mark.slow
def test_the_worker_ends_on_sigterm_with_the_loops_state_kept_or_with_nothing_to_do(talk: Talk, tmp_path: Path) -> None:
    graph = chain("probe.count", steps=30, seconds=0.05, log=str(tmp_path / "log"))
    talk.tell(command="run", run="one", graph=graph)
    talk.until(event="progress")
    talk.process.send_signal(signal.SIGTERM)
    assert talk.process.wait(30) == 0
    other = Talk(start("worker", cwd=tmp_path))
    other.run("two", graph)
    other.process.send_signal(signal.SIGTERM)
    assert other.process.wait(30) == 0
    assert [int(line) for line in (tmp_path / "log").read_text().split()] == list(range(30))


def test_an_error_in_the_executor_ends_the_run_and_not_the_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter([True])

    def broken(*given: Any) -> Iterator[Event]:
        if next(times, False):
            raise RecursionError("inside the executor")
        return run(*given)

    monkeypatch.setattr(worker, "run", broken)
    monkeypatch.setattr(worker, "_PATIENCE", 0)
    monkeypatch.setattr(os, "_exit", lambda code: None)
    monkeypatch.syspath_prepend(str(PROBE))
    out = io.StringIO()
    one = worker.Worker(out, Cache(10**6, None), None, Device("cpu", "float32"))
    reading, writing = os.pipe()
    with open(reading) as lines, open(writing, "w") as commands:
        threads = [threading.Thread(target=one.listen, args=(lines,)), threading.Thread(target=one.work)]
        for thread in threads:
            thread.start()
        for name in ("one", "two"):
            graph = chain("probe.number", value=1)
            print(json.dumps({"command": "run", "run": name, "graph": graph}), file=commands, flush=True)
        until = time.monotonic() + 60
        while out.getvalue().count('"event":"done"') < 2 and time.monotonic() < until:
            time.sleep(0.01)
        commands.close()
        for thread in threads:
            thread.join()
    heard = [json.loads(line) for line in out.getvalue().splitlines()]
    error = next(one for one in heard if one["event"] == "error")
    assert (error["kind"], error["message"]) == ("internal", "RecursionError: inside the executor")
    assert [(one["run"], one["failed"]) for one in heard if one["event"] == "done"] == [("one", 1), ("two", 0)]


def test_the_worker_says_hello_and_plans_before_torch_is_there(shared: Talk) -> None:
    assert events(shared.opening) == ["hello", "plan"]
    assert events(shared.said) == ["ready"]


def test_a_graph_is_taken_from_a_file_with_the_inputs_that_are_given(shared: Talk, tmp_path: Path) -> None:
    path = str(tmp_path / write(tmp_path, **chain("probe.number", value=1)))
    shared.tell(command="run", run="one", path=path, inputs={"value": 8})
    heard = shared.until(event="done", run="one")
    assert heard[-3]["points"][0]["values"] == {"out": 8}
