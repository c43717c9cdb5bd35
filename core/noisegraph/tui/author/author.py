"""All that an author does by keys and boxes; and the graph as a whole: opened, edited as text, copied from."""

from __future__ import annotations

from pathlib import Path

from ..dialogs.editor import NoEditorError, edited
from ..dialogs.picker import Picker
from .batches import Batches
from .copying import command_line, first_of, node_text
from .desk import if_given
from .marking import Marking
from .values import Values


class Author(Values, Marking, Batches):
    """Every edit is a function of the document; what cannot be done is told."""

    def open_graph(self) -> None:
        """Pick a graph to open."""
        from .templates import graphs

        picker = Picker("open a graph", list(graphs(Path.cwd())), nothing="enter opens the path", free=str)
        self.app.push_screen(picker, if_given(self.app.open_named))

    def edit_text(self) -> None:
        """Edit the whole graph in the user's own editor."""
        try:
            text = edited(self.app, self.document.text, ".json", self._line_of(self.node))
        except NoEditorError as error:
            self.app.tell(str(error), "warn")
            return
        self.attempt(lambda document: document.changed(text, "edit the text"))
        for problem in self.document.problems[:1]:
            self.app.tell(f"{problem}; E opens the text again, u takes the edit back", "error")

    def _line_of(self, node: str) -> int:
        from ...reading.positions import locate

        return locate(self.document.text, ("nodes", node))[0] if not self.document.problems else 1

    def copy(self, what: str) -> None:
        """Copy something of the node that is meant: node, seed, prompt, or the graph's command line."""
        text = self._copied(what)
        if text:
            self.app.copy_to_clipboard(text)
            self.app.notify(f"copied: {text.splitlines()[0][:60]}", markup=False)
        else:
            self.app.tell(f"there is no {what} here to copy", "warn")

    def _copied(self, what: str) -> str:
        document = self.document
        if what == "command":
            from ...graph import library

            return command_line(document, library())
        if what == "node":
            return node_text(document, self.node) if self.node in document.outline.items else ""
        ways = {"seed": ("seed",), "prompt": ("prompt",)}[what]
        names = [self.node, *document.outline.items]
        found = next((one for name in names if (one := first_of(self.form(name), *ways))), None)
        return found.text if found else ""
