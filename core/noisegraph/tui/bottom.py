"""The panes below: log, problems, queue, results, plugins; one at a time, each made when it is first opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget

from .log.ring import Ring
from .state.store import Store
from .tabs import Tab, Tabs

if TYPE_CHECKING:
    from .results.result import Result
    from .results.store import Results


@runtime_checkable
class Pane(Protocol):
    """A pane that is shown how things are."""

    def show_store(self, store: Store) -> None:
        """Show how things are."""


@runtime_checkable
class Shown(Protocol):
    """A pane that is given results."""

    def show(self, results: Sequence[Result]) -> None:
        """Show these results."""


@runtime_checkable
class Renewed(Protocol):
    """A pane that looks at something that grows."""

    def renew(self) -> None:
        """Look again."""


class Bottom(Vertical):
    """Tabs, and the pane that is open."""

    def __init__(self) -> None:
        super().__init__(id="bottom")
        self.ring = Ring()
        self.tabs = Tabs()
        self._holder = Vertical(id="panes")
        self._panes: dict[str, Widget] = {}
        self._store: Store | None = None
        self.current = ""
        """The pane that is open."""
        self.kept: Results | None = None
        """Where results are kept."""
        self.filter = ""
        """Which results are shown."""
        self._makers: dict[str, Callable[[], Widget]] = {
            "log": self._log,
            "problems": _problems,
            "queue": _queue,
            "results": self._results,
            "plugins": _plugins,
        }

    def _log(self) -> Widget:
        from .log.view import LogView

        return LogView(self.ring)

    def _results(self) -> Widget:
        from .results.pane import ResultsPane

        pane = ResultsPane()
        pane.filter = self.filter
        if self.kept is not None:
            self.call_after_refresh(pane.show, self.kept.all)
        return pane

    def compose(self) -> ComposeResult:
        """The tabs, and what was opened before they stood; other panes come when they are opened."""
        yield self.tabs
        with self._holder:
            yield from self._panes.values()

    def open(self, name: str) -> None:
        """Show a pane."""
        if name not in self._panes:
            self._panes[name] = self._makers[name]()
            if self._holder.is_mounted:
                self._holder.mount(self._panes[name])
        for other, pane in self._panes.items():
            pane.display = other == name
        self.current = name
        self.tabs.mark(name)
        if self._store is not None:
            self.show(self._store)

    def pane(self, name: str) -> Widget | None:
        """The pane of this name, if it was opened once."""
        return self._panes.get(name)

    def renew_log(self) -> None:
        """The log has more lines."""
        pane = self._panes.get(self.current)
        if isinstance(pane, Renewed):
            pane.renew()

    def show_results(self) -> None:
        """There are other results."""
        pane = self._panes.get("results")
        if self.kept is not None and isinstance(pane, Shown):
            pane.show(self.kept.all)

    def show(self, store: Store) -> None:
        """Show how things are, in the tabs and in the pane that is open."""
        self._store = store
        problems, waiting = len(store.plan.problems), len(store.queue)
        self.tabs.show(
            [
                Tab("log", "5", "Log"),
                Tab("problems", "7", f"Problems {problems}", urgent=problems > 0),
                Tab("queue", "3", f"Queue {waiting}"),
                Tab("results", "4", f"Results {self.kept.count if self.kept is not None else 0}"),
                Tab("plugins", "6", "Plugins", urgent=any(one.get("error") for one in store.plugins)),
            ]
        )
        pane = self._panes.get(self.current)
        if isinstance(pane, Pane):
            pane.show_store(store)


def _problems() -> Widget:
    from .problems.pane import ProblemsPane

    return ProblemsPane()


def _queue() -> Widget:
    from .queue.pane import QueuePane

    return QueuePane()


def _plugins() -> Widget:
    from .plugins.pane import PluginsPane

    return PluginsPane()
