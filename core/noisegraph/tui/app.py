"""The terminal interface: it shows what the store knows, and tells the store and the worker what is wished."""

from __future__ import annotations

import gc
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.dom import DOMNode
from textual.events import Event, Key
from textual.screen import Screen

from ..folders import config_folder, state_folder
from .authored import Authored
from .commands.table import CHORDS, COMMANDS, bindings
from .failing import Failing
from .graph.sheet import PAGES
from .graph.view import GraphView
from .header.banner import Banner
from .keys.chords import PATIENCE, chords_of
from .keys.hearing import Hearing
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


class NoisegraphApp(Authored, Failing, Outside):
    """Widgets are given what to show and tell what was wished; what is known stands in the store."""

    CSS_PATH = "app.tcss"
    TITLE = "noisegraph"
    COMMANDS = {_palette}
    COMMAND_PALETTE_BINDING = "f12"
    BINDINGS = bindings()

    def __init__(self, store: Store, command: Sequence[str], memory: Memory, session: Session) -> None:
        super().__init__(store, command, memory)
        self._session = session
        self._hearing = self._new_hearing(CHORDS)
        self._asked: dict[str, float] = {}
        self._held: list[Key] = []
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
        self._take_keymap()
        self.main.furnish(self.store, self._session)
        self.tell_restored()
        self.start_worker()
        self.theme_changed_signal.subscribe(self, lambda theme: self.remember())

    def _new_hearing(self, chords: dict[str, tuple[str, ...]]) -> Hearing:
        alone = {key: one.id for one in COMMANDS.values() for key in one.single_keys.split(",") if key}
        return Hearing(chords_of(chords), alone, self.act)

    def _take_keymap(self) -> None:
        from .keys.keymap import read_keymap

        known = {binding.id for pane in self.main.walk_children() for _, binding in pane._bindings if binding.id}
        found = read_keymap(config_folder() / "keys.json", known | COMMANDS.keys())
        chords = {name: (keys,) for name, keys in found.keys.items() if len(keys) == 2 and keys.isalpha()}
        self._hearing = self._new_hearing({**CHORDS, **chords})
        self.set_keymap({name: keys for name, keys in found.keys.items() if name not in chords})
        for problem in found.problems:
            self.tell(problem, "error")

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

    # keys and commands

    async def on_event(self, event: Event) -> None:
        """Keys that begin or end a chord, and digits that count, are seen before any widget sees them.

        Keys that are typed before what they are meant for has the focus, a pane or a box, are held until then.
        """
        if isinstance(event, Key) and not event.is_forwarded:
            if self._unsettled:
                self._held.append(event)
                return
            self._hearing.at = event.time
            if self._acts(event) and self._hearing.hear(event.key):
                self.set_timer(1.1 * PATIENCE, lambda: self._hearing.expire(time.monotonic()))
                return
            if self._acts(event) and await self._done(event.key):
                return
        await super().on_event(event)

    @property
    def _unsettled(self) -> bool:
        on_top = self.screen if len(self.screen_stack) > 1 else None
        return not getattr(on_top, "settled", True) if on_top is not None else self.main.going > 0

    async def _done(self, key: str) -> bool:
        """Do at once what a key of a pane is bound to: handed from widget to widget, it is overtaken by the next."""
        bound = self.screen.active_bindings.get(key)
        in_text = self.focused is not None and self.focused.check_consume_key("a", "a")
        if bound is None or not bound.enabled or key == "escape" or in_text:
            return False
        await self.run_action(bound.binding.action, bound.node)
        return True

    async def _on_awaiting_arrived(self) -> None:
        await self._type_held()

    async def _on_dialog_settled(self) -> None:
        await self._type_held()

    async def _type_held(self) -> None:
        if not self._unsettled:
            held, self._held = self._held, []
            for key in held:
                again = Key(key.key, key.character)  # the event itself was dispatched once, and is used up
                again.time = key.time
                await self.on_event(again)

    def _acts(self, event: Key) -> bool:
        """Whether a letter is a command here, and not a part of a text."""
        here = self.focused
        return len(self.screen_stack) == 1 and (here is None or not here.check_consume_key(event.key, event.character))

    def count(self) -> int:
        """The number that was pressed before the command."""
        return self._hearing.count.take()

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
