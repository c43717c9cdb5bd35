"""The half of the interface that has to do with authoring: what forms tell, and how marks and seeds meet runs."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from .editing import Editing

if TYPE_CHECKING:
    from .author.author import Author
    from .form.inspector import Inspector
    from .plugins.pane import PluginsPane


class Authored(Editing):
    """What authors do is imported when first something is done."""

    @cached_property
    def author(self) -> Author:
        """Edits, with the boxes that ask for what they need."""
        from .author.author import Author

        return Author(self)

    def as_run(self) -> str:
        """The graph as the worker is to run it: muted, bypassed and pinned nodes replaced."""
        store = self.store
        if not store.marks or store.document.problems:
            return store.document.text
        from .author.offers import passing
        from .document.as_run import as_run

        return as_run(store.document, store.marks, passing(store.document.outline, store.catalog)).text

    def enqueue(self, front: bool = False, **more: Any) -> None:
        """Ask for a run of the graph as it is now; then seeds become those of the next run."""
        if self.main.node_form is not None:
            document = self.main.node_form.finished(self.store.document)
            self.edit(document, document.label)
        fresh = sorted(self.store.fresh | set(more.pop("fresh", ())))
        super().enqueue(front, **more, **({"fresh": fresh} if fresh else {}))
        self.store.fresh = frozenset()
        if self.store.policies:
            from .author.seeds import advanced

            after = advanced(self.store.document, self.store.policies)
            self.edit(self.store.document.changed(after.text, "next seed"), "next seed")

    def _on_inspector_changed(self, event: Inspector.Changed) -> None:
        self.edit(event.document, event.document.label)

    def _on_inspector_refused(self, event: Inspector.Refused) -> None:
        self.tell(event.why, "warn")

    def _on_inspector_followed(self, event: Inspector.Followed) -> None:
        if event.node in self.store.document.outline.items:
            self.main.graph.select(event.node)

    def _on_inspector_turned(self, event: Inspector.Turned) -> None:
        self.author.turn_seed(event.field.target)

    def _on_inspector_asked(self, event: Inspector.Asked) -> None:
        self.author.ask(event.field)
        self.main.arrive()

    def _on_plugins_pane_wanted(self, event: PluginsPane.Wanted) -> None:
        self.author.insert_node(event.node)

    def _on_plugins_pane_searched(self, event: PluginsPane.Searched) -> None:
        self.author.find_node()

    def _on_plugins_pane_read(self, event: PluginsPane.Read) -> None:
        from .dialogs.reading import Reading

        self.push_screen(Reading(event.title, event.text))
