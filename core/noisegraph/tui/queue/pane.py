"""The queue: what waits, what runs, what was; entries are moved, repeated and taken out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from ...quantities import duration
from ..rows import Part, Rows, Tone
from ..state.run import Run, Status
from ..state.store import Store

_SHAPES: dict[Status, tuple[str, Tone]] = {
    "waiting": ("◌", "muted"),
    "running": ("◐", "live"),
    "done": ("●", "good"),
    "failed": ("✖", "bad"),
    "refused": ("✖", "bad"),
    "cancelled": ("⊘", "warn"),
    "lost": ("✖", "bad"),
}
_MOST = 200


@dataclass(frozen=True)
class Row:
    """A run, waiting, on, or over."""

    run: str
    title: str
    status: Status
    note: str = ""


class QueuePane(Rows[Row]):
    """What waits stands first, in the order in which it will run."""

    EMPTY = "Nothing waits, nothing ran: r runs the graph."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("K,shift+up", "shift(-1)", "Earlier", id="queue.earlier"),
        Binding("J,shift+down", "shift(1)", "Later", id="queue.later"),
        Binding("t", "shift(-1000000)", "First", id="queue.first"),
        Binding("delete,backspace,D", "drop", "Take out", id="queue.drop"),
        Binding("enter", "open", "Open", id="queue.open"),
    ]

    @dataclass
    class Shifted(Message):
        """A run is to run so many places later."""

        run: str
        by: int

    @dataclass
    class Dropped(Message):
        """A run is to be taken out, or stopped."""

        run: str

    @dataclass
    class Opened(Message):
        """The graph of a run is to be looked at."""

        run: str

    def __init__(self) -> None:
        super().__init__("queue")

    def show_store(self, store: Store) -> None:
        """Show all runs; the newest of those that are over stands first."""
        rows = [Row(entry.id, entry.title, "waiting") for entry in store.queue.entries]
        if store.run is not None and not store.run.ended:
            rows.insert(0, _row(store.run))
        rows += map(_row, reversed(store.runs[-_MOST:]))
        if rows != self.things:
            self.fill(rows)

    def parts(self, thing: Row) -> Sequence[Part]:
        """Shape, number, graph, word, time."""
        shape, tone = _SHAPES[thing.status]
        return [
            Part(f" {shape} ", tone),
            Part(f"#{thing.run} ", "strong"),
            Part(f"{thing.title:<24} "),
            Part(f"{thing.status:<10} ", tone),
            Part(thing.note, "muted"),
        ]

    def action_shift(self, by: int) -> None:
        """Let the run under the cursor run earlier or later."""
        if self.chosen is not None and self.chosen.status == "waiting":
            first = next(index for index, row in enumerate(self.things) if row.status == "waiting")
            last = first + sum(row.status == "waiting" for row in self.things) - 1
            self.post_message(self.Shifted(self.chosen.run, by))
            self.row = min(max(self.row + by, first), last)

    def action_drop(self) -> None:
        """Take the run under the cursor out; one that is on is stopped."""
        if self.chosen is not None:
            self.post_message(self.Dropped(self.chosen.run))

    def action_open(self) -> None:
        """Look at the graph of the run under the cursor."""
        if self.chosen is not None:
            self.post_message(self.Opened(self.chosen.run))


def _row(run: Run) -> Row:
    if not run.ended:
        since = f"{run.ran}/{run.to_run}  {run.current}"
        return Row(run.id, run.graph, run.status, since)
    why = str(run.errors[-1].get("message", "")).splitlines()[:1] if run.errors else []
    return Row(run.id, run.graph, run.status, "  ".join([duration(run.seconds), *why]))
