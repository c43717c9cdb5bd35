"""Conversations with the worker."""

from __future__ import annotations

import base64
import json
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .cli_probe import chain, start, write


class Talk:
    """A worker process, and what it said so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said: list[dict[str, Any]] = []
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
    """A worker in the test's folder."""
    process = start("worker", cwd=tmp_path)
    yield Talk(process)
    process.kill()
    process.wait()


def events(heard: list[dict[str, Any]], *leave_out: str) -> list[str]:
    """The kinds of the messages, in order."""
    return [one["event"] for one in heard if one["event"] not in leave_out]


def test_a_run_is_told_from_plan_to_done(talk: Talk, tmp_path: Path) -> None:
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
    assert talk.close() == 0
    assert [one["seq"] for one in talk.said] == list(range(len(talk.said)))


def test_what_a_run_made_is_in_memory_for_the_next(talk: Talk) -> None:
    talk.run("one", chain("probe.number", value=3))
    second = talk.run("two", chain("probe.number", value=3))
    assert [(one["state"], one["why"]) for one in second if one["event"] == "node"] == [
        ("cached", "in the cache (memory)")
    ]


def test_a_cancelled_run_ends_at_once_and_the_next_goes_on_from_its_step(talk: Talk, tmp_path: Path) -> None:
    graph = chain("probe.count", steps=40, seconds=0.05, log=str(tmp_path / "log"))
    talk.tell(command="run", run="one", graph=graph)
    talk.tell(command="run", run="never", graph=chain("probe.number", value=9))
    talk.until(event="progress", run="one")
    talk.tell(command="cancel", run="never")
    talk.tell(command="cancel", run="one")
    began = time.monotonic()
    heard = talk.until(event="done", run="one")
    assert time.monotonic() - began < 2
    assert events(heard, "meters", "progress") == ["cancelled", "done"]
    assert events(talk.until(event="done", run="never"), "meters") == ["cancelled", "done"]
    again = talk.run("one", graph)
    assert next(one for one in again if one["event"] == "progress")["cached"]
    assert events(again)[-1] == "done"
    assert [int(line) for line in (tmp_path / "log").read_text().split()] == list(range(40))


def test_a_paused_run_waits_goes_a_step_and_resumes(talk: Talk, tmp_path: Path) -> None:
    log = tmp_path / "log"
    talk.until(event="ready")
    talk.tell(command="pause")
    talk.tell(command="run", run="one", graph=chain("probe.count", steps=5, seconds=0.0, log=str(log)))
    for _ in range(4):
        talk.tell(command="step")
        time.sleep(0.2)
    assert len(log.read_text().split()) == 2
    talk.tell(command="resume")
    assert events(talk.until(event="done", run="one"))[-1] == "done"
    assert len(log.read_text().split()) == 5


def test_wrong_commands_and_wrong_graphs_are_told_and_the_worker_lives(talk: Talk) -> None:
    for text in ("nonsense", "[]", '{"command": "rum"}', '{"command": "preview_size", "size": "big"}', "[" * 5000):
        talk.tell_text(text)
        assert talk.until(event="error")[-1]["kind"] == "command"
    talk.tell_text('{"cmd": "run"}')
    assert '{"command": "run", ' in talk.until(event="error")[-1]["message"]
    heard = talk.run("bad", {"nodes": {"a": {"use": "probe.nothing"}}, "outputs": {"x": "$b"}})
    error = next(one for one in heard if one["event"] == "error")
    assert (error["kind"], [problem["path"] for problem in error["problems"]]) == (
        "graph",
        ["nodes.a.use", "outputs.x"],
    )
    for wrong in ({}, {"graph": 7}, {"path": "no.json"}, {"graph": chain("probe.number", value=1), "inputs": [1]}):
        talk.tell(command="run", run="wrong", **wrong)
        assert "error" in events(talk.until(event="done", run="wrong"))
    heard = talk.run("opaque", chain("probe.opaque"), out="out")
    assert "no file can hold" in next(one for one in heard if one["event"] == "error")["message"]
    assert talk.run("good", chain("probe.number", value=1))[-1]["failed"] == 0


def test_a_failing_node_is_told_with_its_plugin_and_inputs(talk: Talk) -> None:
    heard = talk.run("one", chain("probe.trouble", kind="raise"))
    error = next(one for one in heard if one["event"] == "error")
    assert (error["kind"], error["node"], error["plugin"]) == ("error", "node", "probe")
    assert "ZeroDivisionError" in error["message"]
    assert "noisegraph_probe.py" in error["traceback"]
    assert error["inputs"] == {"kind": "'raise'"}
    assert (heard[-1]["event"], heard[-1]["failed"]) == ("done", 1)
    for kind in ("exit", "memory", "type"):
        assert talk.run(kind, chain("probe.trouble", kind=kind))[-1]["failed"] == 1


@pytest.mark.parametrize("kind", ["print", "write"])
def test_what_a_node_prints_never_gets_among_the_messages(kind: str, talk: Talk) -> None:
    heard = talk.run("one", chain("probe.trouble", kind=kind))
    assert heard[-1]["failed"] == 0
    assert talk.close() == 0
    assert talk.process.stderr is not None
    error = talk.process.stderr.read()
    assert ("the probe writes this" in error) == (kind == "write")
    assert any("the probe prints this" in one.get("what", "") for one in heard) == (kind == "print")


def test_previews_come_only_while_somebody_looks(talk: Talk) -> None:
    heard = talk.run("blind", "", path="digit", inputs={"steps": 3})
    assert "preview" not in events(heard)
    talk.tell(command="preview_size", size=32)
    heard = talk.run("seen", "", path="digit", inputs={"steps": 6, "seed": 2})
    previews = [one for one in heard if one["event"] == "preview"]
    assert previews
    assert previews[-1]["step"] == 6
    assert (previews[-1]["w"], previews[-1]["h"]) == (32, 32)
    assert len(base64.b64decode(previews[-1]["rgb"])) == 32 * 32 * 3
    talk.tell(command="preview_size", size=0)
    assert "preview" not in events(talk.run("again", "", path="digit", inputs={"steps": 3, "seed": 3}))


def test_plan_and_schema_are_told_without_running(talk: Talk) -> None:
    talk.tell(command="plan", run="p", graph=chain("probe.number", value=1), inputs={"value": 4})
    plan = talk.until(event="plan", run="p")[-1]
    assert (plan["to_run"], plan["nodes"][0]["why"]) == (1, "never run")
    talk.tell(command="schema")
    told = talk.until(event="schema")[-1]
    assert told["schema"]["$schema"].endswith("2020-12/schema")
    number = next(node for node in told["nodes"] if node["name"] == "probe.number")
    assert number["ports"][0]["limits"] == [">= 0", "<= 100"]
    assert "float" in told["flows"]["int"]
    assert {"name": "probe", "error": None}.items() <= next(
        one for one in told["plugins"] if one["name"] == "probe"
    ).items()


def test_a_plan_is_told_while_a_run_is_on_and_while_it_is_paused(talk: Talk, tmp_path: Path) -> None:
    talk.tell(command="run", run="one", graph=chain("probe.count", steps=100, seconds=0.05, log=str(tmp_path / "log")))
    talk.until(event="progress")
    talk.tell(command="plan", run="p", graph=chain("probe.number", value=1))
    assert "done" not in events(talk.until(event="plan", run="p"))
    talk.tell(command="pause")
    talk.tell(command="plan", run="q", graph=chain("probe.number", value=2))
    talk.until(event="plan", run="q")
    talk.tell(command="plan", run="wrong", graph="{")
    assert talk.until(event="error")[-1]["run"] == "wrong"
    talk.tell(command="cancel", run="one")
    assert "cancelled" in events(talk.until(event="done", run="one"))


def test_runs_that_are_asked_for_while_one_is_on_are_done_in_order_after_it(talk: Talk, tmp_path: Path) -> None:
    talk.tell(command="run", run="1", graph=chain("probe.count", steps=20, seconds=0.02, log=str(tmp_path / "log")))
    talk.until(event="progress")
    for run in ("2", "3", "4"):
        talk.tell(command="run", run=run, graph=chain("probe.number", value=int(run)))
    talk.until(event="done", run="4")
    assert [one["run"] for one in talk.said if one["event"] == "done"] == ["1", "2", "3", "4"]


def test_the_pictures_of_a_run_are_told_small_with_their_files(talk: Talk, tmp_path: Path) -> None:
    inputs = {"steps": 3, "count": 2}
    assert "picture" not in events(talk.run("blind", "", path="digit", inputs=inputs, out=str(tmp_path / "out")))
    talk.tell(command="preview_size", size=16)
    heard = talk.run("seen", "", path="digit", inputs=inputs, out=str(tmp_path / "out"))
    told = [one for one in heard if one["event"] == "picture"]
    assert [(one["output"], one["point"], one["w"], one["h"]) for one in told] == [("image", 0, 16, 16)] * 2
    (point,) = next(one for one in heard if one["event"] == "result")["points"]
    assert [one["file"] for one in told] == point["files"]["image"][:2]
    assert len({one["rgb"] for one in told}) == 2
    assert len(base64.b64decode(told[0]["rgb"])) == 16 * 16 * 3


def test_a_run_takes_a_sweep_a_node_to_stop_at_and_nodes_to_run_afresh(talk: Talk) -> None:
    graph = {"inputs": {"v": 1}, "outputs": {"x": "$b"}} | {
        "nodes": {"a": {"use": "probe.number", "value": "$v"}, "b": {"use": "probe.add", "a": "$a"}}
    }
    heard = talk.run("s", graph, sweep={"v": [1, 2]})
    assert [point["values"]["x"] for point in heard[-3]["points"]] == [2, 3]
    assert talk.run("u", graph, until="a")[-3]["points"][0]["values"] == {"a": 1}
    states = [one["state"] for one in talk.run("f", graph, fresh=["b"]) if one["event"] == "node"]
    assert states == ["cached", "running", "done"]


def test_the_worker_ends_when_stdin_does_though_a_run_is_on(talk: Talk, tmp_path: Path) -> None:
    log = tmp_path / "log"
    talk.tell(command="run", run="one", graph=chain("probe.count", steps=1000, seconds=0.05, log=str(log)))
    talk.until(event="progress")
    assert talk.close() == 0
    assert len(log.read_text().split()) < 100


def test_the_worker_ends_on_sigterm_and_keeps_the_loops_state(talk: Talk, tmp_path: Path) -> None:
    graph = chain("probe.count", steps=30, seconds=0.05, log=str(tmp_path / "log"))
    talk.tell(command="run", run="one", graph=graph)
    talk.until(event="progress")
    talk.process.send_signal(signal.SIGTERM)
    assert talk.process.wait(30) == 0
    other = Talk(start("worker", cwd=tmp_path))
    other.run("two", graph)
    assert other.close() == 0
    assert [int(line) for line in (tmp_path / "log").read_text().split()] == list(range(30))


def test_a_worker_that_has_nothing_to_do_ends_on_sigterm_too(talk: Talk) -> None:
    talk.until(event="ready")
    talk.process.send_signal(signal.SIGTERM)
    assert talk.process.wait(30) == 0


def test_an_error_in_the_executor_ends_the_run_and_not_the_worker(tmp_path: Path) -> None:
    code = (
        "import noisegraph.serving.worker as worker\n"
        "sound, times = worker.run, iter([True])\n"
        "def broken(*a, **k):\n"
        "    if next(times, False): raise RecursionError('inside the executor')\n"
        "    return sound(*a, **k)\n"
        "worker.run = broken\n"
        "worker.serve('cpu')\n"
    )
    from .cli_probe import environment

    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment(tmp_path / "cache"),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    talk = Talk(process)
    heard = talk.run("one", chain("probe.number", value=1))
    error = next(one for one in heard if one["event"] == "error")
    assert (error["kind"], error["message"]) == ("internal", "RecursionError: inside the executor")
    assert heard[-1]["failed"] == 1
    assert talk.run("two", chain("probe.number", value=1))[-1]["failed"] == 0
    assert talk.close() == 0


def test_the_worker_says_hello_before_torch_is_there(tmp_path: Path) -> None:
    process = start("worker", cwd=tmp_path)
    talk = Talk(process)
    talk.tell(command="plan", run="p", graph=chain("probe.number", value=1))
    assert events(talk.until(event="plan")) == ["hello", "plan"]
    assert events(talk.until(event="ready")) == ["ready"]
    assert talk.close() == 0


def test_a_graph_is_taken_from_a_file_with_the_inputs_that_are_given(talk: Talk, tmp_path: Path) -> None:
    path = str(tmp_path / write(tmp_path, **chain("probe.number", value=1)))
    talk.tell(command="run", run="one", path=path, inputs={"value": 8})
    heard = talk.until(event="done", run="one")
    assert heard[-3]["points"][0]["values"] == {"out": 8}
