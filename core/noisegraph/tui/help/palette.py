"""The palette finds everything by its name: commands, the keys of panes, nodes, graphs, results, themes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, cast

from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider

from ...graph import library
from ..commands.table import CHORDS, COMMANDS
from ..dialogs.dialog import Dialog
from ..theme import THEMES

if TYPE_CHECKING:
    from ..app import NoisegraphApp


class Found(NamedTuple):
    """One thing that can be found."""

    name: str
    help: str
    do: Callable[[], object]


class Everything(Provider):
    """All that there is; commands first."""

    async def discover(self) -> Hits:
        """What is shown before anything is typed: the commands."""
        for found in self._commands():
            yield DiscoveryHit(found.name, found.do, help=found.help)

    async def search(self, query: str) -> Hits:
        """What the query may mean, the best first."""
        matcher = self.matcher(query)
        for found in self._all():
            score = matcher.match(found.name)
            if score > 0:
                yield Hit(score, matcher.highlight(found.name), found.do, help=found.help)

    def _all(self) -> Iterator[Found]:
        yield from self._commands()
        yield from self._of_panes()
        yield from self._nodes()
        yield from self._graphs()
        yield from self._runs()
        yield from self._results()
        yield from self._themes()

    @property
    def _app(self) -> NoisegraphApp:
        return cast("NoisegraphApp", self.app)

    def _commands(self) -> Iterator[Found]:
        for command in COMMANDS.values():
            refusal = command.refusal(self._app)
            told = f"{command.help}{f' Now: {refusal}.' if refusal else ''}"
            yield Found(f"{command.word}  {self._keys(command.id)}", told, partial(self._app.act, command.id))

    def _keys(self, name: str) -> str:
        bindings = (binding for _, binding in self.app._bindings if binding.id == name)
        shown = [self.app.get_key_display(binding) for binding in bindings]
        return " ".join(dict.fromkeys([*shown, *CHORDS.get(name, ())]))

    def _of_panes(self) -> Iterator[Found]:
        for pane in self._app.main.panes():
            for _, binding in pane._bindings:
                if binding.id and binding.description:
                    name = f"{pane.id}: {binding.description}  {self.app.get_key_display(binding)}"
                    yield Found(name, binding.tooltip or "", partial(self._app.act_in, pane, binding.action))

    def _nodes(self) -> Iterator[Found]:
        for item in self._app.store.document.outline.items.values():
            yield Found(f"node {item.name}", f"{item.use}  {item.about}", partial(self._app.main.go_to_node, item.name))

    def _graphs(self) -> Iterator[Found]:
        for name, path in library().items():
            yield Found(f"open {name}", str(path), partial(self._app.open_named, name))

    def _runs(self) -> Iterator[Found]:
        for run in reversed(self._app.store.runs):
            yield Found(f"run #{run.id} {run.graph}", run.status, partial(self._app.open_run, run.id))

    def _results(self) -> Iterator[Found]:
        for result in reversed(self._app.results.all):
            told = f"result #{result.number} {result.name} {result.status}"
            yield Found(told, result.file or result.message, partial(self._app.take_graph, result))

    def _themes(self) -> Iterator[Found]:
        for theme in THEMES:
            yield Found(f"theme {theme.name.removeprefix('noisegraph-')}", "How it looks.",
                        partial(self._app.take_theme, theme.name))  # fmt: skip


class Commands(CommandPalette, Dialog[None]):
    """The palette; keys that page through it before its list was first drawn do nothing, where Textual's would fail."""

    def _action_command_list(self, action: str) -> None:
        with contextlib.suppress(KeyError):
            super()._action_command_list(action)
