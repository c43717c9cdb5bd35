"""The half of the interface that has to do with results: what runs made is kept, and gone back to."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import GraphError
from ..folders import state_folder
from .document.document import Document
from .editing import Editing
from .link.lines import Message
from .state.run import Run

if TYPE_CHECKING:
    from .picture.preview import Preview
    from .results.pane import ResultsPane
    from .results.recall import Value
    from .results.result import Result
    from .results.store import Results

_KEPT = ("done", "failed", "lost")
"""Of other runs only pictures are kept."""


class Recalling(Editing):
    """Results come from the worker's messages; going back to one is an edit like any other."""

    @cached_property
    def results(self) -> Results:
        """What runs have made."""
        from .results.store import Results

        return Results(state_folder() / "tui" / "results.jsonl")

    @cached_property
    def _pictures(self) -> dict[str, list[Message]]:
        """Run -> the pictures that it has told of so far."""
        return {}

    def start_worker(self) -> None:
        """Start a worker; what earlier ones made is shown."""
        self.main.bottom.kept = self.results
        self.main.bottom.show_results()
        super().start_worker()

    def _hear(self, messages: list[Message]) -> None:
        for message in messages:
            if message.get("event") == "picture":
                self._pictures.setdefault(str(message.get("run")), []).append(message)
        super()._hear(messages)

    def _died(self, code: int) -> None:
        busy = self.store.busy
        super()._died(code)
        if busy and self.store.run is not None:
            self._keep(self.store.run)

    def run_ended(self) -> None:
        """A run is over: what it made is kept."""
        super().run_ended()
        if self.store.run is not None:
            self._keep(self.store.run)

    def _keep(self, run: Run) -> None:
        pictures = self._pictures.pop(run.id, [])
        if run.status not in _KEPT and not pictures:
            return
        from .results.result import results_of

        command = self.store.asked.get(run.id, {})
        try:
            self.results.append(results_of(run, command, pictures, self.results.next_number, self._now()))
        except OSError as error:
            self.tell(f"what run #{run.id} made is not among the results: {error.strerror}", "error")
        self._show_results()

    def _now(self) -> float:
        return time.time()

    def _show_results(self) -> None:
        self.main.bottom.show_results()
        self.show_store()

    def _on_results_pane_starred(self, event: ResultsPane.Starred) -> None:
        self._marked(lambda: self.results.star(event.number))

    def _on_results_pane_trashed(self, event: ResultsPane.Trashed) -> None:
        self._marked(lambda: self.results.trash([event.number], event.trashed))
        self.notify(f"#{event.number} is in the trash; u takes it out" if event.trashed else f"#{event.number} is back")

    def _marked(self, mark: Callable[[], None]) -> None:
        try:
            mark()
        except OSError as error:
            self.tell(f"{self.results.path} cannot be written: {error.strerror}", "error")
        self._show_results()

    def _on_results_pane_filtered(self, event: ResultsPane.Filtered) -> None:
        self.main.bottom.filter = event.text
        self.remember()

    def _on_results_pane_opened(self, event: ResultsPane.Opened) -> None:
        self.open_file(event.file)

    def _on_preview_chosen(self, event: Preview.Chosen) -> None:
        from .document.branching import branched

        node = event.node.partition("[")[0]
        try:
            found = branched(self.store.document, node, event.step, event.of)
        except (GraphError, ValueError, KeyError) as error:
            self.tell(str(error), "warn")
            return
        self.edit(found.document, found.document.label)
        self.main.go_to_node(found.changed)
        self.notify(f"{found.changed} denoises from step {event.step} on: change it; r runs the rest", markup=False)

    def open_file(self, name: str) -> None:
        """Show a file in the system's viewer."""
        path = Path(name)
        if path.is_file():
            self.open_url(path.absolute().as_uri())
        else:
            self.tell(f"{name} is not here", "warn")

    def _on_results_pane_recalled(self, event: ResultsPane.Recalled) -> None:
        from .results.recall import recalled

        if event.what == "graph":
            self.take_graph(event.result)
            return
        values = recalled(event.result, event.what, self.store.document.outline)
        if values:
            self.take(values, f"take {event.what} of #{event.result.number}")
        else:
            self.notify(f"nothing to take: {event.what} is as in #{event.result.number}", markup=False)

    def take(self, values: Sequence[Value], label: str) -> None:
        """Set inputs and parameters of the graph, as one edit."""
        try:
            document = _with(self.store.document, values)
        except (GraphError, ValueError, KeyError) as error:
            self.tell(f"{label}: {error}", "error")
            return
        self.edit(self.store.document.changed(document.text, label), label)
        self.notify(f"{label}: {', '.join(value.name for value in values)}", markup=False)

    def take_graph(self, result: Result) -> None:
        """Open the graph of a result, as an edit where it is the one that is open."""
        path = Path(result.folder) / result.name
        here = self.store.document
        if path != here.path:
            try:
                self.open(Document.open(path) if path.is_file() else Document.like(result.graph, path))
            except (GraphError, OSError) as error:
                self.tell(str(error), "error")
                return
        from .results.recall import Value

        label = f"take the graph of #{result.number}"
        document = self.store.document.changed(result.graph, label)
        inputs = [Value("", name, value) for name, value in result.inputs.items() if name in document.outline.inputs]
        changed = document.changed(_with(document, inputs).text, label) if inputs else document
        self.edit(self.store.document.changed(changed.text, label), label)
        self.main.go("graph")


def _with(document: Document, values: Sequence[Value]) -> Document:
    from .document.edits import set_input, set_value

    for one in values:
        document = (
            set_value(document, one.node, one.name, one.value) if one.node else set_input(document, one.name, one.value)
        )
    return document
