"""The terminal interface: it shows what the store knows, and tells the store and the worker what is wished."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.dom import DOMNode
from textual.screen import Screen

from ..folders import state_folder
from .authored import Authored
from .commands.table import COMMANDS, bindings
from .failing import Failing
from .graph.sheet import PAGES
from .graph.view import GraphView
from .header.banner import Banner
from .keyed import Keyed
from .outside import Outside
from .state.session import Memory, Session
from .state.store import Store
from .tabs import Tabs
from .theme import THEMES

if TYPE_CHECKING:
    from textual.command import Provider

    from .picture.preview import Preview
    from .problems.pane import ProblemsPane
    from .queue.pane import QueuePane

_CONFIRM_SECONDS = 3.0


def _palette() -> type[Provider]:
    from .help.palette import Everything

    return Everything


class NoisegraphApp(Keyed, Authored, Failing, Outside):
    """Widgets are given what to show and tell what was wished; what is known stands in the store."""

    CSS_PATH = "app.tcss"
    TITLE = "noisegraph"
    COMMANDS = {_palette}
    COMMAND_PALETTE_BINDING = "f12"
    BINDINGS = bindings()

    def __init__(self, store: Store, command: Sequence[str], memory: Memory, session: Session) -> None:
        super().__init__(store, command, memory)
        self._session = session
        self._asked: dict[str, float] = {}
        for theme in THEMES:
            self.register_theme(theme)
        self.animation_level = "none"  # nothing here moves by itself; over ssh every frame costs
        self.theme = session.theme if session.theme in self.available_themes else THEMES[0].name

    def get_default_screen(self) -> Screen[None]:
        """The main screen."""
        return self.main

    def show_first(self) -> None:
        """The graph; what need not be seen at once comes after."""
        aside = self.memory.aside(self.store.document.path)
        self.store.open(self.restored(self.store.document), aside)
        self.main.graph.way = self._session.view if self._session.view in PAGES else "rails"
        self.main.graph.begin(aside.node, aside.folds, aside.marked)
        self.main.show_document(self.store)
        self.main.go("graph")
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        gc.freeze()
        gc.enable()
        self.take_keymap()
        self.main.furnish(self.store, self._session)
        self.tell_restored()
        self.start_worker()
        self.theme_changed_signal.subscribe(self, lambda theme: self.remember())

    # what the panes tell

    def _on_graph_view_selected(self, event: GraphView.Selected) -> None:
        self.main.show_node(self.store, event.node)
        self.remember()

    def _on_graph_view_opened(self, event: GraphView.Opened) -> None:
        self.main.go("inspector")
        self.main.arrive()

    def _on_graph_view_altered(self, event: GraphView.Altered) -> None:
        self.remember()

    def _on_preview_opened(self, event: Preview.Opened) -> None:
        self.open_file(event.file)

    def _on_queue_pane_shifted(self, event: QueuePane.Shifted) -> None:
        self.move_in_queue(event.run, event.by)

    def _on_queue_pane_dropped(self, event: QueuePane.Dropped) -> None:
        self.cancel(event.run)

    def _on_queue_pane_opened(self, event: QueuePane.Opened) -> None:
        self.open_run(event.run)

    def _on_problems_pane_opened(self, event: ProblemsPane.Opened) -> None:
        if event.node:
            self.main.go_to_node(event.node)

    def _on_tabs_opened(self, event: Tabs.Opened) -> None:
        self.main.go(event.name)

    def _on_banner_pressed(self, event: Banner.Pressed) -> None:
        self.restart_worker()

    # commands

    def act(self, name: str) -> None:
        """Do a command, or say why it cannot be done."""
        command = COMMANDS[name]
        if command.boxed and len(self.screen_stack) > 1:
            return
        refusal = command.refusal(self)
        if refusal:
            self.notify(f"{command.word}: {refusal}", severity="warning", markup=False)
        else:
            command.do(self)

    def action_command_palette(self) -> None:
        """Show the palette."""
        if len(self.screen_stack) > 1:
            return
        from .help.palette import Commands

        self.push_screen(Commands(id="--command-palette"))

    def action_do(self, name: str) -> None:
        """Do the command of this id."""
        self.act(name)

    async def act_in(self, pane: DOMNode, action: str) -> None:
        """Go to a pane, and do there what one of its keys does."""
        self.main.go(pane.id or "")
        await self.run_action(action, pane)

    # the program

    def help(self) -> None:
        """Tell what can be done here."""
        from .help.screen import HelpScreen, topics

        refused = {name: command.refusal(self) for name, command in COMMANDS.items()}
        self.push_screen(HelpScreen(list(topics(self.screen, refused))), self._helped)

    async def _helped(self, name: str | None) -> None:
        if name in COMMANDS:
            self.act(name)
            return
        for active in self.screen.active_bindings.values():
            if name and name in (active.binding.id, active.binding.action):
                await self.run_action(active.binding.action, active.node)
                return

    def jump(self) -> None:
        """Show a letter on each pane."""
        from .help.jump import JumpScreen

        self.push_screen(JumpScreen(self.main.in_sight()), self.main.go_if)

    def confirmed(self, what: str) -> bool:
        """Whether the same was asked for a moment before."""
        now = self.store.clock()
        before, self._asked[what] = self._asked.get(what, float("-inf")), now
        return now - before < _CONFIRM_SECONDS

    def next_theme(self) -> None:
        """Take the next theme."""
        names = [theme.name for theme in THEMES]
        self.theme = names[(names.index(self.theme) + 1) % len(names)] if self.theme in names else names[0]

    def take_theme(self, name: str) -> None:
        """Take the theme of this name."""
        self.theme = name


def make_app(name: str | None, command: Sequence[str], out: str) -> NoisegraphApp:
    """The interface on the graph of that name, else on the last one; raises GraphError where there is none."""
    from .opened import first_graph, last_graph, open_graph

    memory = Memory(state_folder())
    session = memory.session()
    document = open_graph(name) if name else last_graph(session.graph) or open_graph(first_graph())
    store = Store(document, out, next_run=session.next_run, queue=session.queued())
    return NoisegraphApp(store, command, memory, session)
