"""A worker without torch: it answers as the real one does, by a script or recorded events, and misbehaves on demand.

`python fake_worker.py [--recorded FILE] [--steps N] [--seconds S] [--start S] [--fail NODE] [--crash NODE] [--flood N]
[--print TEXT] [--deaf]`: `--seconds` is how long a step takes, `--start` how long it says nothing at first, `--flood`
how many progress events each loop tells, 2,000 a second, `--crash` where it kills itself, `--deaf` that it never
answers, `--late` that it answers nothing while a run is on, `--exact` that every run takes one second.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

Message = dict[str, Any]
NODES = [
    {
        "name": "probe.number", "plugin": "probe", "help": "Give a number.", "doc": "Give a number.",
        "ports": [{"name": "value", "type": "int", "wired": False, "required": False, "default": 1,
                   "limits": [">= 0", "<= 100"], "help": "The number.", "file": None}],
        "output": "int", "fields": {}, "loops": False,
    },
    {
        "name": "probe.draw", "plugin": "probe", "help": "Draw a picture.", "doc": "Draw a picture, in steps.",
        "ports": [
            {"name": "number", "type": "int", "wired": True, "required": True, "default": None, "limits": [],
             "help": "What it reads.", "file": None},
            {"name": "steps", "type": "int", "wired": False, "required": False, "default": 8, "limits": [">= 1"],
             "help": "How many steps.", "file": None},
            {"name": "prompt", "type": "str", "wired": False, "required": False, "default": "", "limits": [],
             "help": "What to draw.", "file": None},
        ],
        "output": "Image", "fields": {}, "loops": True,
    },
]  # fmt: skip
PLUGINS = [{"name": "probe", "module": "probe", "distribution": "noisegraph-probe", "version": "1.0",
            "nodes": ["number", "draw"], "error": None},
           {"name": "broken", "module": "broken", "distribution": "noisegraph-broken", "version": "0.1",
            "nodes": [], "error": "ImportError: no module named 'basicsr'"}]  # fmt: skip


class Worker:
    """Commands in, events out, on the real one's terms."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self._numbers = count()
        self._commands: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._cancelled: set[str] = set()
        self._done: dict[str, str] = {}
        self._size = 0
        self._go = threading.Event()
        self._go.set()

    def say(self, event: str, run: str = "", **content: Any) -> None:
        """One event."""
        text = json.dumps({"event": event, "run": run, "seq": next(self._numbers), **content}, separators=(",", ":"))
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def serve(self) -> None:
        """Until stdin ends."""
        threading.Thread(target=self._listen, daemon=True).start()
        time.sleep(self.options.start)
        if self.options.deaf:
            threading.Event().wait()
        self.say("hello", protocol=1, pid=os.getpid(), commands=[])
        self.say("ready", device="cpu", dtype="float32", name="cpu", torch="0")
        while (command := self._commands.get()) is not None:
            self._do(command)

    def _listen(self) -> None:
        for line in sys.stdin:
            command = json.loads(line)
            if command["command"] == "cancel":
                self._cancelled.add(command["run"])
                self._go.set()
            elif command["command"] == "pause":
                self._go.clear()
            elif command["command"] == "resume":
                self._go.set()
            elif command["command"] == "preview_size":
                self._size = command["size"]
            else:
                self._commands.put(command)
        self._commands.put(None)
        self._go.set()  # nobody is left who could let a held run go on
        if self.options.deaf:
            os._exit(0)

    def _do(self, command: Message) -> None:
        if command["command"] == "schema":
            flows = {"int": ["int", "float"], "Image": ["Image"]}
            self.say("schema", command.get("run", ""), schema={}, nodes=NODES, flows=flows, plugins=PLUGINS)
        elif command["command"] == "plan":
            self._plan(command)
        elif command["command"] == "run":
            self._run(command)

    def _plan(self, command: Message) -> None:
        run = command["run"]
        try:
            nodes = json.loads(command["graph"])["nodes"]
        except (ValueError, KeyError) as error:
            what = {
                "file": command["name"],
                "line": 1,
                "column": 1,
                "path": "",
                "what": f"no graph: {error}",
                "hint": "",
            }
            self.say("error", run, kind="graph", message=what["what"], problems=[what])
            return
        wrong = [self._problem(command, name) for name, node in nodes.items() if "wrong" in str(node.get("use"))]
        if wrong:
            self.say("error", run, kind="graph", message="wrong", problems=wrong)
            return
        told = []
        for name, node in nodes.items():
            cached = self._done.get(name) == json.dumps(node)
            why = "in memory" if cached else "a parameter changed" if name in self._done else "never run"
            told.append({"node": name, "use": node["use"], "state": "cached" if cached else "run", "why": why,
                         "steps": None, "seconds": 0.5})  # fmt: skip
        runs = sum(one["state"] == "run" for one in told)
        seconds = 0.5 * runs if runs else None
        self.say("plan", run, tasks=len(told), to_run=runs, cached=len(told) - runs, seconds=seconds, nodes=told)

    def _problem(self, command: Message, name: str) -> Message:
        return {"file": command["name"], "line": 3, "column": 5, "path": f"nodes.{name}.use",
                "what": "no such node", "hint": "did you mean 'probe.number'?"}  # fmt: skip

    def _run(self, command: Message) -> None:
        run, began = command["run"], time.perf_counter()
        failed = 0
        events = self._recorded() if self.options.recorded else self._made(command)
        for event in events:
            self._go.wait()
            while self.options.answers and not self._commands.empty():
                waiting = self._commands.get()
                if waiting is not None and waiting["command"] == "plan":
                    self._plan(waiting)
            if run in self._cancelled:
                self.say("cancelled", run)
                break
            failed += event.get("state") == "failed"
            self.say(**{**event, "run": run})
        seconds = 1.0 if self.options.exact else round(time.perf_counter() - began, 6)
        self.say("done", run, failed=failed, seconds=seconds)

    def _recorded(self) -> Iterator[Message]:
        for line in Path(self.options.recorded).read_text(encoding="utf-8").splitlines():
            event = json.loads(line)
            if event["event"] not in ("done", "hello", "ready"):
                time.sleep(self.options.seconds)
                yield {name: value for name, value in event.items() if name not in ("run", "seq")}

    def _made(self, command: Message) -> Iterator[Message]:
        nodes = json.loads(command["graph"])["nodes"]
        fresh = {name for name, node in nodes.items() if self._done.get(name) != json.dumps(node)}
        yield {"event": "plan", "tasks": len(nodes), "to_run": len(fresh), "cached": len(nodes) - len(fresh)}
        for name, node in nodes.items():
            if name not in fresh:
                yield {"event": "node", "node": name, "state": "cached", "why": "in the cache (memory)"}
                continue
            yield {"event": "node", "node": name, "use": node["use"], "state": "running"}
            if name == self.options.crash:
                os.kill(os.getpid(), signal.SIGKILL)
            if name == self.options.fail:
                yield from _failure(name, node)
                return
            if self.options.print:
                sys.stderr.write(f"{self.options.print}\n")
                sys.stderr.flush()
            if node["use"] == "probe.draw":
                yield from self._steps(name)
            self._done[name] = json.dumps(node)
            yield {"event": "node", "node": name, "state": "done", "seconds": 0.25}
        yield from self._result(command, nodes)

    def _steps(self, name: str) -> Iterator[Message]:
        for number in range(self.options.flood):
            if number % 20 == 0:
                time.sleep(0.01)
            yield {
                "event": "progress",
                "node": name,
                "step": number % 8,
                "of": 8,
                "cached": False,
                "its": 1.0,
                "eta": 1.0,
            }
        steps = self.options.steps
        for step in range(1, steps + 1):
            time.sleep(self.options.seconds)
            yield {"event": "progress", "node": name, "step": step, "of": steps, "cached": False, "its": 2.0,
                   "eta": (steps - step) / 2}  # fmt: skip
            if self._size:
                yield {"event": "preview", "node": name, "step": step, "of": steps, **picture(step * 255 // steps)}

    def _result(self, command: Message, nodes: Message) -> Iterator[Message]:
        file = f"{command.get('out', '')}/{Path(command['name']).stem}-{command['run']}.png"
        point = {"given": {}, "files": {"image": [file]}, "shown": {"image": "float32 [1, 3, 4, 4]"}, "values": {},
                 "failed": {}}  # fmt: skip
        yield {"event": "result", "graph": command["name"], "points": [point], "sheets": []}
        if self._size:
            yield {"event": "picture", "point": 0, "output": "image", "file": file, **picture(255)}
        yield {"event": "meters", "cache": 1000, "rss": 100_000_000, "device_used": None, "device_total": None}


def picture(level: int) -> Message:
    """Four by four pixels of one colour."""
    return {"w": 4, "h": 4, "rgb": base64.b64encode(bytes([level, 64, 255 - level] * 16)).decode()}


def _failure(name: str, node: Message) -> Iterator[Message]:
    why = "OutOfMemoryError: tried to allocate 3.00 GiB"
    yield {"event": "node", "node": name, "use": node["use"], "state": "failed", "why": why}
    yield {"event": "error", "kind": "memory", "node": name, "use": node["use"], "plugin": "probe",
           "message": why, "inputs": {"steps": "8"}, "traceback": '  File "probe.py", line 3, in draw\n    draw()\n',
           "full_traceback": "Traceback\n"}  # fmt: skip
    yield {"event": "result", "graph": "g", "sheets": [],
           "points": [{"given": {}, "files": {}, "shown": {}, "values": {}, "failed": {"image": why}}]}  # fmt: skip


def main() -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--recorded", default="")
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--start", type=float, default=0.0)
    parser.add_argument("--fail", default="")
    parser.add_argument("--crash", default="")
    parser.add_argument("--flood", type=int, default=0)
    parser.add_argument("--print", default="")
    parser.add_argument("--exact", action="store_true")
    parser.add_argument("--deaf", action="store_true")
    parser.add_argument("--late", dest="answers", action="store_false")
    Worker(parser.parse_args()).serve()


if __name__ == "__main__":
    main()
