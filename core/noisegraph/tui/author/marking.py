"""What is said of nodes beside the graph: muted, bypassed, pinned, to be made anew."""

from __future__ import annotations

from ...errors import GraphError
from ..document.as_run import held
from ..document.marks import Marks
from .desk import Desk
from .offers import passing


class Marking(Desk):
    """Marks of nodes; the file does not hold them."""

    def mute(self) -> None:
        """Mute the nodes, or hear them again: they and what needs them do not run."""
        self._mark(self.app.store.marks.mute(self.nodes))

    def bypass(self) -> None:
        """Bypass the nodes, or go through them again: what reads them reads what they read."""
        past = passing(self.outline, self.catalog)
        stuck = [name for name in self.nodes if name not in past and name not in self.app.store.marks.bypassed]
        if stuck:
            self.app.tell(f"{', '.join(stuck)}: no wire of the type that it gives, nothing to pass on", "warn")
        else:
            self._mark(self.app.store.marks.bypass(self.nodes))

    def pin(self) -> None:
        """Pin what the nodes give, or let them follow the graph again."""
        marks = self.app.store.marks
        try:
            for node in self.nodes:
                marks = marks.pin(node, None if node in marks.pinned else held(self.document, node))
        except GraphError as error:
            self.app.tell(str(error), "warn")
            return
        self._mark(marks)

    def _mark(self, marks: Marks) -> None:
        self.app.store.marks = marks
        self.app.show_store()
        self.app.ask_plan()
        self.app.remember()

    def invalidate(self) -> None:
        """Let the next run make the nodes anew, or take them from the cache again."""
        self.app.store.fresh = self.app.store.fresh ^ frozenset(self.nodes)
        self.app.ask_plan()
