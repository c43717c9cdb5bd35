"""The panes below: log, problems, queue, results, plugins; one at a time, each mounted when it is first opened."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import ContentSwitcher

from .log.ring import Ring
from .log.view import LogView
from .problems.pane import ProblemsPane
from .queue.pane import QueuePane
from .state.store import Store
from .tabs import Tab, Tabs


class Bottom(Vertical):
    """Tabs, and the pane that is open."""

    def __init__(self) -> None:
        super().__init__(id="bottom")
        self.ring = Ring()
        self.tabs = Tabs()
        self._panes = ContentSwitcher(id="panes")
        self._makers: dict[str, Callable[[], Widget]] = {
            "log": lambda: LogView(self.ring),
            "problems": ProblemsPane,
            "queue": QueuePane,
        }
        self._store: Store | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The panes' ids."""
        return tuple(self._makers)

    @property
    def current(self) -> str:
        """The pane that is open."""
        return self._panes.current or ""

    def compose(self) -> ComposeResult:
        """The tabs; panes come when they are opened."""
        yield self.tabs
        yield self._panes

    def open(self, name: str) -> None:
        """Show a pane."""
        if not self._panes.query(f"#{name}"):
            self._panes.mount(self._makers[name]())
        self._panes.current = name
        self.tabs.mark(name)
        if self._store is not None:
            self.show(self._store)

    def renew_log(self) -> None:
        """The log has more lines."""
        for view in self.query(LogView):
            view.renew()

    def show(self, store: Store) -> None:
        """Show how things are, in the tabs and in the pane that is open."""
        self._store = store
        problems, waiting = len(store.plan.problems), len(store.queue)
        self.tabs.show(
            [
                Tab("log", "5", "Log"),
                Tab("problems", "7", f"Problems {problems}", urgent=problems > 0),
                Tab("queue", "3", f"Queue {waiting}"),
            ]
        )
        for queue in self.query(QueuePane):
            queue.show(store.queue, store.run, store.runs)
        for pane in self.query(ProblemsPane):
            pane.show(store.plan.problems)
