"""The half of the interface that has to do with the worker: it is started, told, heard, and started again."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from textual.app import App
from textual.timer import Timer

from ..folders import state_folder
from .link.lines import Message
from .screen import MainScreen
from .state.queue import Queue
from .state.store import Store, Topic

if TYPE_CHECKING:
    from .link.link import Link
    from .link.pace import Pace
    from .log.ring import Level
    from .state.known import Known

_FLUSHES = 15
"""How often a second the worker's messages are taken in."""
_PLAN_DELAY, _SHOW_DELAY = 0.15, 0.02
_PATIENCE = 3.0
"""Seconds after which a run that was cancelled should have stopped."""
_SHOWN: set[Topic] = {"run", "ended", "plan", "meters", "worker", "picture"}


class Working(App[int]):
    """Runs are asked for here; the store keeps the queue, and the worker is told of one at a time."""

    def __init__(self, store: Store, command: Sequence[str]) -> None:
        super().__init__()
        self.store = store
        self.main: MainScreen = MainScreen(self.show_first)
        self._command = list(command)
        self._restarting = False
        self._later: dict[str, Timer] = {}

    def act(self, name: str) -> None:
        """Do the command of this id."""

    @cached_property
    def _known(self) -> Known:
        from .state.known import Known

        return Known(state_folder(), self._command)

    @cached_property
    def _pace(self) -> Pace[Message]:
        from .link.pace import Pace

        return Pace(_FLUSHES, self._hear)

    @cached_property
    def _link(self) -> Link:
        return self._new_link()

    def _new_link(self) -> Link:
        from .link.command import worker_environment
        from .link.link import Link

        environment = worker_environment(os.environ)
        return Link(self._command, environment, lambda messages: self._pace.add(messages), self._say, self._died)

    def show_first(self) -> None:
        """What is shown in the first frame."""

    def remember(self) -> None:
        """Write down how things are, soon."""

    def start_worker(self) -> None:
        """Start a worker, and tell it what is wanted of it; before that, nodes are those that it told last time."""
        if not self.store.catalog.entries and (kept := self._known.message()):
            self.store.hear([{"event": "schema", **kept}])
            self.main.show_catalog(self.store)
        self.store.health = "starting"
        self.run_worker(self._link.run(), group="link", exit_on_error=False)
        self.tell_preview_size()
        self._link.send({"command": "schema"})
        self.ask_plan()
        self.next_run()
        self.show_store()

    def restart_worker(self) -> None:
        """End the worker at once and start another; the run that was on is lost, the queue is kept."""
        if self.store.health == "dead":
            self._link = self._new_link()
            self.start_worker()
        else:
            self._restarting = True
            self._link.kill()

    def close_worker(self) -> None:
        """Let the worker end after the step that it is in."""
        self._link.end()

    def tell_worker(self, **message: Any) -> None:
        """Send a command to the worker."""
        self._link.send(message)

    def tell_preview_size(self) -> None:
        """Tell the worker how large pictures are shown."""
        self.tell_worker(command="preview_size", size=self.main.picture_size)

    def _hear(self, messages: list[Message]) -> None:
        changed = self.store.hear(messages)
        with self.batch_update():
            if changed.keys() & _SHOWN:
                self.main.show_store(self.store)
            self.heard()
            for message in changed.get("picture", ()):
                self.main.show_picture(message)
            self.main.log_messages(messages)
            if "catalog" in changed:
                self._keep_catalog(changed["catalog"][-1])
        if "ended" in changed:
            self.run_ended()
        self.next_run()

    def heard(self) -> None:
        """The worker said something."""

    def _say(self, lines: list[str]) -> None:
        self.main.add_log(lines)

    def _died(self, code: int) -> None:
        self._pace.flush()
        self.store.died(code)
        self.show_store()
        if self._restarting:
            self._restarting = False
            self.restart_worker()
        else:
            self.main.add_log([f"worker {self.store.why_dead}"], "error")  # the banner says it, too

    def _keep_catalog(self, message: Message) -> None:
        self.main.show_catalog(self.store)
        try:
            self._known.keep(message)
        except OSError as error:
            self.tell(f"the catalog of nodes is not kept: {error.strerror}", "warn")

    def run_ended(self) -> None:
        """A run is over: what would the next one do?"""
        self.ask_plan()
        self.remember()

    def as_run(self) -> str:
        """The graph as the worker is to run it: muted, bypassed and pinned nodes replaced."""
        from .document.as_run import as_run

        return as_run(self.store.document, self.store.marks, {}).text

    def enqueue(self, front: bool = False, **more: Any) -> None:
        """Ask for a run of the graph as it is now; `more` goes to the worker: until, fresh, sweep, inputs."""
        self.store.enqueue(self.as_run(), front, **more)
        self.remember()
        self.next_run()
        self.soon("show", _SHOW_DELAY, self.show_store)  # once for `50r`

    def next_run(self) -> None:
        """Let the worker begin what waits first, where it has nothing to do."""
        command = self.store.next_command()
        if command is not None:
            self._link.send(command)
            self.main.begin_run()
            self.remember()
            self.show_store()

    def cancel(self, run: str = "") -> None:
        """Stop the run that is on, or take one out of the queue."""
        on = self.store.run.id if self.store.busy and self.store.run is not None else ""
        if on and run in ("", on):
            self.tell_worker(command="cancel", run=on)
            self.soon("patience", _PATIENCE, lambda: self._still_on(on))
        else:
            self.store.queue = self.store.queue.without(run)
            self.remember()
        self.show_store()

    def _still_on(self, run: str) -> None:
        if self.store.busy and self.store.run is not None and self.store.run.id == run:
            self.tell(f"run #{run} is still in its step; F9 ends the worker at once, the queue is kept", "warn")

    def pause(self) -> None:
        """Hold the run, or let it go on."""
        self.store.paused = not self.store.paused
        self.tell_worker(command="pause" if self.store.paused else "resume")
        self.show_store()

    def clear_queue(self) -> None:
        """Take everything out of the queue."""
        self.store.queue = Queue()
        self.remember()
        self.show_store()

    def move_in_queue(self, run: str, by: int) -> None:
        """Let a run run earlier or later."""
        self.store.queue = self.store.queue.moved(run, by)
        self.remember()
        self.show_store()

    def ask_plan(self) -> None:
        """Ask what a run would do now; soon, and once for edits that follow one another."""
        self.soon("plan", _PLAN_DELAY, lambda: self._link.send(self.store.ask_plan(self.as_run())))

    def show_store(self) -> None:
        """Show how things are."""
        self.main.show_store(self.store)

    def tell(self, text: str, level: Level = "info") -> None:
        """Say something, in a corner and in the log."""
        self.main.add_log([text], level)
        if level == "error":
            self.notify(text, severity="error", markup=False)
        else:
            self.notify(text, severity="warning" if level == "warn" else "information", markup=False)

    def soon(self, name: str, seconds: float, do: Callable[[], object]) -> None:
        """Do something in a moment, and once for all that ask for it until then."""
        waiting = self._later.pop(name, None)
        if waiting is not None:
            waiting.stop()
        self._later[name] = self.set_timer(seconds, lambda: (do(), None)[1])
