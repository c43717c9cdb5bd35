"""The run loop behind JSON lines on stdin and stdout, for the terminal interface and for other programs.

Commands, a line each: run and plan (with `run`, an id, and `graph` or `path`, and if wanted `inputs`, `sweep`, `until`,
`fresh`, `device`, `dtype`; run also with `out`, a folder), cancel (`run`), schema, preview_size (`size`), pause, resume
and step. Events: hello, ready, schema, plan, node, progress, preview, picture, warning, error, result, cancelled,
meters, done; all have `run` and `seq`. Every run ends with exactly one `done`, and until then no other may have its id.
What is asked while a run is on, or paused, is answered between two of its events, but for other runs: these wait for
their turn.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections import deque
from itertools import count
from pathlib import Path
from typing import TextIO

from ..devices import Device, resolve
from ..errors import GraphError, NoisegraphError, Place, Problem
from ..events import NodeFinished, RunFinished
from ..explain import explain
from ..folders import cache_folder
from ..history import recall, remember
from ..manual import flows, told_plugin
from ..manual import told as told_node
from ..plan import Plan
from ..registry import Registry
from ..request import planned
from ..run import run
from ..schema import installed_schema
from ..store.cache import DISK_BYTES, Cache
from ..writing.naming import make_folder
from ..writing.outputs import Written, told, unwritable, write
from .asking import COMMANDS, CommandError, afresh_in, asked, understood
from .gate import Gate
from .meters import memory_bound, meters
from .pictures import pictures
from .protocol import VERSION, Message, Speaker, explained, line

_METER_SECONDS = 1.0
_PATIENCE = 10.0
"""Seconds that a step may take to end when nobody listens any more."""


def serve(device: str = "auto", dtype: str = "auto", memory: int | None = None, disk: int | None = None) -> int:
    """Serve stdin until it ends. stdout is the protocol's alone: whatever else is printed goes to stderr."""
    sys.stdout.flush()
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="ascii")
    os.dup2(2, sys.stdout.fileno())
    folder = None if disk == 0 else cache_folder()
    bound = memory_bound() if memory is None else memory
    cache = Cache(bound, folder, DISK_BYTES if disk is None else disk)
    worker = Worker(out, cache, folder, resolve(device, dtype))
    signal.signal(signal.SIGTERM, lambda number, frame: worker.stop())
    threading.Thread(target=worker.listen, args=(sys.stdin,), daemon=True).start()
    worker.work()
    return 0


class Worker:
    """One device, one cache, one run at a time; commands arrive in one thread, runs happen in another."""

    def __init__(self, out: TextIO, cache: Cache, folder: Path | None, device: Device) -> None:
        self.gate = Gate()
        self._out = out
        self._writing = threading.Lock()
        self._numbers = count()
        self._commands: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._waiting: deque[Message] = deque()
        """Runs that were asked for while another was on."""
        self._registry = Registry.installed()
        self._cache = cache
        self._folder = folder
        self._device = device
        self._preview_size = 0
        self._metered = 0.0
        self._ready = False

    def listen(self, lines: TextIO) -> None:
        """Take commands until there are no more; those that concern a run that is on take effect at once."""
        for text in lines:
            if text.strip():
                self._hear(text)
        self.stop()
        time.sleep(_PATIENCE)
        os._exit(0)  # a step that does not end must not keep the process alive

    def stop(self) -> None:
        """Stop the run that is on after its step, and take no command more."""
        self.gate.close()
        self._commands.put(None)

    def work(self) -> None:
        """Do what was asked for, in order, until nobody asks any more."""
        self._send(self._speaker("").message("hello", protocol=VERSION, pid=os.getpid(), commands=list(COMMANDS)))
        while not self.gate.closed:
            if self._waiting:
                self._do(self._waiting.popleft())
                continue
            try:
                command = self._commands.get(timeout=None if self._ready else 0.05)
            except queue.Empty:
                self._warm_up()
                continue
            if command is not None:
                self._do(command)

    def _answer(self) -> None:
        """Do what was asked for while a run is on; other runs wait."""
        while True:
            try:
                command = self._commands.get_nowait()
            except queue.Empty:
                return
            if command is not None and command["command"] == "run":
                self._waiting.append(command)
            elif command is not None:
                self._do(command)

    def _hear(self, text: str) -> None:
        try:
            command = understood(text)
            match command["command"]:
                case "cancel":
                    self.gate.cancel(str(command.get("run", "")))
                case "preview_size":
                    self._preview_size = min(max(int(command.get("size", 0)), 0), 4096)
                case "pause":
                    self.gate.pause()
                case "resume":
                    self.gate.resume()
                case "step":
                    self.gate.step()
                case kind:
                    if kind == "run" and not self.gate.admit(str(command.get("run", ""))):
                        raise CommandError(f"a run '{command['run']}' waits or is on; give this one another id")
                    self._commands.put(command)
                    self.gate.nudge()
        except (CommandError, ValueError, TypeError) as error:
            self._send(self._speaker("").message("error", kind="command", message=str(error)))

    def _do(self, command: Message) -> None:
        """One command; whatever goes wrong with it is told, and the next is done."""
        run_id = str(command.get("run", ""))
        speaker = self._speaker(run_id)
        kind, failed, began = command["command"], 0, time.perf_counter()
        try:
            if kind == "schema":
                self._send(self._schema(speaker))
            elif kind == "plan":
                self._send(self._plan(command, speaker))
            elif self.gate.cancelled(run_id):
                self._send(speaker.message("cancelled"))
            else:
                failed = self._run(command, speaker)
        except GraphError as error:
            failed = 1
            self._send(speaker.problems(error.problems))
        except NoisegraphError as error:
            failed = 1
            self._send(speaker.problems([Problem(Place(), str(error))]))
        except BaseException as error:  # an error of the executor ends the run, not the worker
            failed = 1
            text = f"{type(error).__name__}: {error}"
            self._send(speaker.message("error", kind="internal", message=text, full_traceback=traceback.format_exc()))
        if kind == "run":
            self.gate.leave(run_id)
            self._send(self._meters(speaker))
            self._send(speaker.message("done", failed=failed, seconds=round(time.perf_counter() - began, 6)))

    def _schema(self, speaker: Speaker) -> Message:
        specs = self._registry.specs().values()
        return speaker.message(
            "schema",
            schema=installed_schema(self._registry),
            nodes=[told_node(spec) for spec in specs],
            flows=flows(specs),
            plugins=[told_plugin(plugin) for plugin in self._registry.plugins()],
        )

    def _plan(self, command: Message, speaker: Speaker) -> Message:
        plan = planned(asked(command, self._registry, self._device), self._registry)
        known = recall(self._folder, plan.checked.flat.top.graph.name)
        return speaker.message("plan", **explained(explain(plan, self._cache, known, afresh_in(command, plan))))

    def _run(self, command: Message, speaker: Speaker) -> int:
        """Run and tell; how many nodes failed."""
        request, run_id = asked(command, self._registry, self._device), str(command.get("run", ""))
        out = command.get("out")
        held = out and not request.until
        plan = planned(request, self._registry, (), lambda done: unwritable(done, self._registry) if held else ())
        if out:
            make_folder(Path(out))
        self._warm_up()
        self._cache.codecs = tuple(self._registry.collect("noisegraph_codecs", self._registry.named))
        captions = self._registry.collect("noisegraph_captions", self._registry.named)
        last = self._events(plan, command, speaker, run_id)
        if last is None:
            self._send(speaker.message("cancelled"))
            return 0
        brought = self._cache.codecs, captions
        nothing = Written([{} for _ in last.results])
        made = write(plan, last.results, Path(out), self._registry, request.until, *brought) if out else nothing
        if made.problems:
            self._send(speaker.problems(made.problems))
        self._send(speaker.message("result", **told(plan, last.results, made)))
        for picture in pictures(plan, last.results, made, self._preview_size):
            self._send(speaker.message("picture", **picture))
        return last.failed

    def _events(self, plan: Plan, command: Message, speaker: Speaker, run_id: str) -> RunFinished | None:
        """Run to the last event; None where the run was cancelled before."""
        seconds: dict[str, float] = {}
        speaker.follow(plan, self._cache.memory)
        events = run(plan, self._cache, afresh_in(command, plan))
        try:
            with contextlib.closing(events):  # type: ignore[type-var]
                while self.gate.may_go_on(run_id, self._answer):
                    event = next(events)
                    for message in speaker.messages(event):
                        self._send(message)
                    if isinstance(event, NodeFinished):
                        seconds[event.node] = event.seconds
                    if isinstance(event, RunFinished):
                        return event
                    if time.perf_counter() - self._metered > _METER_SECONDS:
                        self._send(self._meters(speaker))
                return None
        finally:
            remember(self._folder, plan, seconds)

    def _warm_up(self) -> None:
        """Import torch, which takes seconds, and tell what there is."""
        if self._ready:
            return
        self._ready = True
        import torch

        name = self._device.name
        shown = torch.cuda.get_device_name(name) if self._device.kind == "cuda" and torch.cuda.is_available() else name
        told = {"device": name, "dtype": self._device.dtype, "name": shown, "torch": torch.__version__}
        self._send(self._speaker("").message("ready", **told))

    def _meters(self, speaker: Speaker) -> Message:
        self._metered = time.perf_counter()
        return speaker.message("meters", cache=self._cache.memory.size, **meters(self._device))

    def _speaker(self, run_id: str) -> Speaker:
        return Speaker(run_id, self._numbers, lambda: self._preview_size)

    def _send(self, message: Message) -> None:
        try:
            with self._writing:
                self._out.write(line(message))
                self._out.flush()
        except (OSError, ValueError):  # nobody listens any more
            self.gate.close()
