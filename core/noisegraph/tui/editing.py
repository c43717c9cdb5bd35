"""The half of the interface that has to do with the graph that is open: opened, edited, drafted, saved, remembered."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..errors import GraphError
from .document.document import ChangedOnDiskError, Document
from .paths import short_path
from .state.aside import Aside
from .state.session import Draft, Memory, Session
from .state.store import Store
from .working import Working

_SESSION_DELAY, _AUTOMATIC_DELAY = 0.5, 0.3


class Editing(Working):
    """Every edit arrives as a new document at one method, `edit`."""

    def __init__(self, store: Store, command: Sequence[str], memory: Memory) -> None:
        super().__init__(store, command)
        self.memory = memory

    def restored(self, document: Document) -> Document:
        """The document with what was edited and not saved, where there is a draft."""
        draft = self.memory.draft(document.path)
        if draft is None or draft.text == document.text:
            return document
        return document.changed(draft.text, "bring back what was not saved")

    def open(self, document: Document) -> None:
        """Another graph; its draft comes back, if there is one."""
        self.remember_now()
        aside = self.memory.aside(document.path)
        self.store.open(self.restored(document), aside)
        self.main.graph.begin(aside.node, aside.folds, aside.marked)
        self.main.show_document(self.store)
        self.tell_restored()
        self.ask_plan()
        self.remember()

    def tell_restored(self) -> None:
        """Say that there are edits of last time."""
        if self.store.document.done and not self.store.document.done[:-1]:
            self.tell(f"{self.store.document.name}: what was not saved is back; u takes it away")

    def open_named(self, name: str) -> None:
        """Another graph: a file, one of the library, or a picture's."""
        from .opened import open_graph

        try:
            self.open(open_graph(name))
        except GraphError as error:
            self.tell(str(error), "error")

    def open_run(self, run: str) -> None:
        """The graph as it was when a run was asked for, as an edit of the one that is open."""
        entries = {entry.id: entry.command for entry in self.store.queue.entries} | self.store.asked
        text = entries.get(run, {}).get("graph")
        if isinstance(text, str):
            label = f"take the graph of run #{run}"
            self.edit(self.store.document.changed(text, label), label)

    def edit(self, document: Document, label: str = "") -> None:
        """The graph was changed: shown, drafted, planned, and run where every edit is."""
        if document is self.store.document:
            return
        self.store.document = document
        self.main.show_document(self.store)
        self._draft(document)
        self.ask_plan()
        if self.store.automatic:
            self.soon("automatic", _AUTOMATIC_DELAY, self._run_automatically)

    def _run_automatically(self) -> None:
        if self.store.busy:
            self.cancel()
        self.clear_queue()
        self.enqueue()

    def _draft(self, document: Document) -> None:
        try:
            if document.dirty:
                self.memory.keep(Draft(str(document.path), document.text, document.clean))
            else:
                self.memory.forget(document.path)
        except OSError as error:
            self.tell(f"the draft is not kept: {error.strerror}", "error")

    def undo(self) -> None:
        """Take back the last edit."""
        label = self.store.document.label
        self.edit(self.store.document.undo(), f"undo {label}")
        self.notify(f"undone: {label}", markup=False)

    def redo(self) -> None:
        """Make the edit again that was taken back."""
        label = self.store.document.again
        self.edit(self.store.document.redo(), f"redo {label}")
        self.notify(f"done again: {label}", markup=False)

    def save(self, over: bool = False) -> None:
        """Write the graph to its file; where another program wrote there, ask for another name."""
        try:
            self._saved(self.store.document.save(over))
        except ChangedOnDiskError:
            self._ask_name("Another program changed the file: save as (the same name writes over it)")
        except OSError as error:
            self.tell(f"cannot write {self.store.document.path}: {error.strerror}", "error")

    def save_as(self) -> None:
        """Ask for a file, and write the graph to it."""
        self._ask_name("Save as")

    def _ask_name(self, title: str) -> None:
        from .prompt import Prompt

        self.push_screen(Prompt(title, str(self.store.document.path)), self._save_as)

    def _save_as(self, name: str | None) -> None:
        if not name:
            return
        before = self.store.document.path
        path = Path(name).expanduser().absolute()
        try:
            self._saved(self.store.document.save_as(path, over=path == before))
            self.memory.forget(before)
        except ChangedOnDiskError:
            self.tell(f"{path} is there already; choose another name", "warn")
        except OSError as error:
            self.tell(f"cannot write {path}: {error.strerror}", "error")

    def _saved(self, document: Document) -> None:
        self.edit(document, "save")
        self.tell(f"saved {short_path(document.path)}")
        self.remember()

    def remember(self) -> None:
        """Write down how things are, soon."""
        self.soon("session", _SESSION_DELAY, self.remember_now)

    def remember_now(self) -> None:
        """Write down how things are."""
        store = self.store
        graph = self.main.graph
        session = Session(
            str(store.document.path), self.theme, graph.way, self.main.open_pane, store.next_run,
            tuple(entry.told() for entry in store.begun_and_queued()), self.main.bottom.filter,
        )  # fmt: skip
        aside = Aside(self.main.selected, graph.folds, graph.marked, store.marks, store.policies)
        try:
            self.memory.remember(session)
            self.memory.put_aside(store.document.path, aside)
        except OSError as error:
            self.main.add_log([f"the session is not remembered: {error.strerror}"], "error")
