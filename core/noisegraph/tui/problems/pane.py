"""The problems of the graph, as `noisegraph check` tells them; enter goes to the node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message as Event

from ..link.lines import Message
from ..rows import Part, Rows
from ..state.store import Store


class ProblemsPane(Rows[Message]):
    """One row a problem."""

    EMPTY = "No problem."
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "open", "Go there", id="problems.open")]

    @dataclass
    class Opened(Event):
        """A problem's place is to be shown."""

        node: str
        port: str

    def __init__(self) -> None:
        super().__init__("problems")

    def show_store(self, store: Store) -> None:
        """Show the problems that the plan tells."""
        if store.plan.problems != self.things:
            self.fill(store.plan.problems)

    def parts(self, thing: Message) -> Sequence[Part]:
        """Line, path, what, hint."""
        line, path, hint = thing.get("line"), str(thing.get("path") or ""), str(thing.get("hint") or "")
        return [
            Part(" ✖ ", "bad"),
            Part(f"{line}: " if line else "", "muted"),
            Part(f"{path.removeprefix('nodes.')}  ", "strong"),
            Part(str(thing.get("what", ""))),
            Part(f"  {hint}" if hint else "", "muted"),
        ]

    def action_open(self) -> None:
        """Go to the node that has the problem."""
        if self.chosen is not None:
            node, port = place_of(self.chosen)
            self.post_message(self.Opened(node, port))


def place_of(problem: Message) -> tuple[str, str]:
    """The node and the port that a problem is of, as far as it tells."""
    parts = str(problem.get("path") or "").split(".")
    if parts[0] != "nodes":
        return "", ""
    return parts[1] if len(parts) > 1 else "", parts[2] if len(parts) > 2 else ""
