"""What every edit begins from: the graph that is open, the node that is meant, and how an edit is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from ...errors import GraphError
from ..document.document import Document
from ..form.context import form_context
from ..form.fields import Context, Form, inputs_form, node_form
from ..form.inspector import Inspector
from ..outline import Outline
from ..state.catalog import Catalog
from .graphs import with_graphs

if TYPE_CHECKING:
    from ..authored import Authored

T = TypeVar("T")


class Desk:
    """Every edit is a function of the document; what cannot be done is told."""

    def __init__(self, app: Authored) -> None:
        self.app = app

    @property
    def document(self) -> Document:
        """The graph that is open."""
        return self.app.store.document

    @property
    def outline(self) -> Outline:
        """The graph in outline."""
        return self.document.outline

    @property
    def catalog(self) -> Catalog:
        """The nodes that there are, and the graphs that this one uses."""
        return with_graphs(self.app.store.catalog, self.outline, self.document.path.parent)

    @property
    def inspector(self) -> Inspector:
        """The form on the screen."""
        found = self.app.main.inspector
        assert found is not None  # nothing can be asked for before the panes stand
        return found

    # what is known of the node that is meant

    @property
    def node(self) -> str:
        """The node that commands are about: that of the form where it has the focus, else that under the cursor."""
        return self.inspector.node if isinstance(self.app.focused, Inspector) else self.app.main.selected

    @property
    def nodes(self) -> list[str]:
        """The nodes that are marked, else the one that is meant."""
        there = self.outline.items
        return [name for name in there if name in self.app.main.graph.marked] or [
            name for name in (self.node,) if name in there
        ]

    def context(self) -> Context:
        """What forms are made from."""
        return form_context(self.app.store)

    def form(self, node: str) -> Form:
        """The form of a node; that of the graph's inputs where there is none of the name."""
        context = self.context()
        return node_form(node, context) if node in context.outline.items else inputs_form(context)

    def attempt(self, edit: Callable[[Document], Document]) -> bool:
        """Make an edit; what is wrong with it is told."""
        try:
            document = edit(self.document)
        except (GraphError, KeyError, ValueError) as error:
            self.app.tell(str(error), "warn")
            return False
        self.app.edit(document, document.label)
        return True


def if_given(do: Callable[[T], None]) -> Callable[[T | None], None]:
    """What is done with the answer of a box, where there is one."""
    return lambda answer: None if answer is None else do(answer)
