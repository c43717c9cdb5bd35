"""The terminal interface: it opens a graph, runs it by a worker, and shows what becomes of it."""

from __future__ import annotations

import os
from collections.abc import Sequence

from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical

from .header.bar import Bar
from .link.command import worker_environment
from .link.lines import Message
from .link.link import Link
from .link.pace import Pace
from .opened import Opened
from .plain import NodeList, Parameters, Picture
from .state.store import Store

_FLUSHES = 15
_PREVIEW_SIZE = 96


class NoisegraphApp(App[int]):
    """Widgets are given what to show and tell what was wished; what is known stands in the store."""

    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS = [
        Binding("r,f5,ctrl+j", "run", "Run", id="run.start"),
        Binding("x", "cancel", "Cancel", id="run.cancel"),
        Binding("ctrl+q", "quit", "Quit", id="app.quit", priority=True),
    ]

    def __init__(self, document: Opened, command: Sequence[str], out: str) -> None:
        super().__init__()
        self.store = Store(out=out)
        self.store.open(document)
        self.command = list(command)
        self.link = self._new_link()
        self._pace: Pace[Message] = Pace(_FLUSHES, self._hear)

    def compose(self) -> ComposeResult:
        """The main screen."""
        yield Bar()
        with Horizontal(id="body"):
            yield NodeList()
            with Vertical(id="right"):
                yield Picture()
                yield Parameters()

    def _on_mount(self) -> None:
        self._show_document()
        self.query_one("#graph").focus()
        self.call_after_refresh(self._start_worker)

    def edit(self, document: Opened, label: str) -> None:
        """The graph was changed: `label` says how, for undo."""
        self.store.open(document)
        self._show_document()

    def _new_link(self) -> Link:
        environment = worker_environment(os.environ)
        return Link(self.command, environment, lambda messages: self._pace.add(messages), self._say, self._died)

    def _start_worker(self) -> None:
        self.store.health = "starting"
        self.run_worker(self.link.run(), group="link", exit_on_error=False)
        self.link.send({"command": "preview_size", "size": _PREVIEW_SIZE})
        self._next()

    def _hear(self, messages: list[Message]) -> None:
        with self.batch_update():
            self.store.hear(messages)
            self._show_states()
        self._next()

    def _say(self, lines: list[str]) -> None:
        self.log(*lines)

    def _died(self, code: int) -> None:
        self.store.died(code)
        self._show_states()

    def _next(self) -> None:
        command = self.store.next_command()
        if command is not None:
            self.link.send(command)

    def _show_document(self) -> None:
        self.query_one(NodeList).show(self.store.outline)
        self._show_states()

    def _show_states(self) -> None:
        self.query_one(NodeList).states(self.store.states())
        self.query_one(Bar).show(self.store)
        shot = self.store.run and self.store.run.shot
        if shot:
            self.query_one(Picture).show(shot.width, shot.height, shot.rgb, shot.step, shot.of)

    def _on_node_list_selected(self, event: NodeList.Selected) -> None:
        self.query_one(Parameters).show(self.store.outline.items[event.node])

    def _action_run(self) -> None:
        self.store.queue = self.store.queue.add(self.store.asked())
        self._next()
        self._show_states()

    def _action_cancel(self) -> None:
        if self.store.run is not None:
            self.link.send({"command": "cancel", "run": self.store.run.id})

    async def _action_quit(self) -> None:
        self.link.close()
        self.exit(0)
