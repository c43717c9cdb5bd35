"""The form of a node, and over the line that is edited its editor."""

from __future__ import annotations

from contextlib import suppress

from textual import on
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content

from ...errors import GraphError
from ..document.document import Document
from ..panes import Panes
from .inspector import HINT, Inspector
from .line_editor import LineEditor
from .taking import taken

_EDITING = "⏎ take · tab next · ctrl+↑↓ step · esc"


class NodeForm(Container):
    """The form, and over the line that is edited its editor."""

    ALLOW_MAXIMIZE = True

    DEFAULT_CSS = """
    NodeForm { height: 1fr; layers: form editor; }
    NodeForm > Inspector { height: 100%; max-height: 100%; layer: form; scrollbar-gutter: stable; }
    NodeForm > LineEditor { layer: editor; position: absolute; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.inspector = Inspector()

    def compose(self) -> ComposeResult:
        """The form alone."""
        yield self.inspector

    def hint(self, text: str = HINT, wrong: bool = False) -> None:
        """Write a hint, or what is wrong, under the form."""
        self.inspector.set_class(wrong, "-wrong")
        self.inspector.border_subtitle = Content(text)

    @on(LineEditor.Judged)
    def _judged(self, event: LineEditor.Judged) -> None:
        event.stop()
        self.hint(f"✖ {event.wrong}" if event.wrong else _EDITING, wrong=bool(event.wrong))

    @on(Inspector.Begun)
    def _begin(self, event: Inspector.Begun) -> None:
        event.stop()
        editor = LineEditor(event.field)
        place = self.inspector.place(event.field)
        corner = self.inspector.content_region.offset - self.region.offset
        editor.styles.offset = (corner.x + place.x, corner.y + place.y)
        editor.styles.width = place.width
        self.mount(editor)
        editor.focus()
        if isinstance(self.screen, Panes):
            self.call_after_refresh(self.screen.arrive)

    @on(LineEditor.Written)
    def _written(self, event: LineEditor.Written) -> None:
        event.stop()
        inspector = self.inspector
        wrong = inspector.take(event.field, event.text) if event.text is not None else ""
        if wrong:
            event.editor.judge(wrong)
            return
        event.editor.remove()
        self.hint()
        inspector.focus()
        if event.onward:
            inspector.action_move(event.onward)
            if inspector.field and inspector.field.origin != "wire":
                inspector.call_after_refresh(inspector.action_edit)

    def finished(self, document: Document) -> Document:
        """The document with what is being written, as far as it can be; the editor goes."""
        for editor in self.query(LineEditor):
            with suppress(GraphError, ValueError):
                document = taken(document, editor.field, editor.value)
            editor.remove()
            self.hint()
            self.inspector.focus()
        return document
