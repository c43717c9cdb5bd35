"""Many runs: as often as asked for, each with the next seed, through a sweep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..document import edits
from ..document.document import Document
from .desk import Desk, if_given
from .seeds import as_policy
from .sweeps import swept, swept_names

if TYPE_CHECKING:
    from ..dialogs.batch import Asked


class Batches(Desk):
    """Runs that are asked for by a box."""

    def batch(self) -> None:
        """Ask for many runs."""
        from ..dialogs.batch import Batch

        known = swept_names(self.context())
        sweep = self.document.data.get("sweep")
        held = sweep.items() if isinstance(sweep, dict) else ()
        lines = [f"{name} = {', '.join(map(str, values))}" for name, values in held if isinstance(values, list)]
        policies = [one for one in self.app.store.policies.values() if one != "fixed"]
        policy = policies[0] if policies else "increment"
        self.app.push_screen(Batch(known, as_policy(policy), lines), if_given(self._run_many))

    def _run_many(self, asked: Asked) -> None:
        if asked.keep:
            self.attempt(lambda document: _with_sweep(document, asked))
            return
        seeds = self._seeds() if asked.runs > 1 else []
        before, self.app.store.policies = self.app.store.policies, dict.fromkeys(seeds, asked.policy)
        try:
            for _ in range(asked.runs):
                self._run_swept(asked)
        finally:
            self.app.store.policies = before

    def _run_swept(self, asked: Asked) -> None:
        if not asked.axes:
            self.app.enqueue()
            return
        graph, sweep = swept(Document.like(self.app.as_run(), self.document.path), asked.axes)
        self.app.enqueue(graph=graph.text, sweep=sweep)

    def _seeds(self) -> list[tuple[str, str]]:
        """What seeds the graph has: its inputs that feed seeds, else the seeds of its nodes."""
        fields = [field for node in ("", *self.outline.items) for field in self.form(node).fields]
        return list(dict.fromkeys(one.target for one in fields if one.kind.way == "seed" and one.origin != "wire"))


def _with_sweep(document: Document, asked: Asked) -> Document:
    graph, sweep = swept(document, asked.axes)
    return document.changed(edits.set_sweep(graph, sweep or None).text, "set the sweep")
