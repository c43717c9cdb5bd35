"""The form of a node on the screen: lines to walk through, each with a field that can be edited."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from textwrap import wrap
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Click, Resize
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from ...errors import GraphError
from ..document.document import Document
from ..document.edits import reset
from ..panes import Panes
from ..rows import Part, Rows
from ..state.node import NodeState
from .fields import Context, Field, Form, inputs_form, node_form
from .kind import stepped
from .lines import Line, columns, help_of, lines
from .taking import given, taken

_HELP_FROM = 9
"""From this height on, lines at the bottom tell of the field under the cursor."""
HINT = "⏎ edit · ⌫ default · space next"
_IN_BOX = ("prompt", "json")
"""What is written in a box over the panes, not on its line."""


class Inspector(Rows[Line]):
    """The lines of the form; the cursor goes over those that can be edited."""

    DEFAULT_CSS = """
    Inspector > .inspector--help { background: $panel; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"inspector--help"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "edit", "Edit", id="form.edit"),
        Binding("space", "turn", "Next value", id="form.turn"),
        Binding("backspace,delete", "reset", "Default", key_display="⌫", id="form.reset"),
        Binding("ctrl+up,plus", "step(1)", "More", show=False, id="form.more"),
        Binding("ctrl+down,minus", "step(-1)", "Less", show=False, id="form.less"),
        Binding("i", "inputs", "Inputs", show=False, id="form.inputs"),
    ]

    @dataclass
    class Changed(Message):
        """The graph was edited."""

        document: Document

    @dataclass
    class Asked(Message):
        """A field is to be edited by a box: one of many, or a text of several lines."""

        field: Field

    @dataclass
    class Begun(Message):
        """A field is to be edited on its line."""

        field: Field

    @dataclass
    class Turned(Message):
        """The seed's policy is to be the next one."""

        field: Field

    @dataclass
    class Followed(Message):
        """The node that a wire comes from is meant."""

        node: str

    @dataclass
    class Refused(Message):
        """An edit could not be made."""

        why: str

    def __init__(self) -> None:
        super().__init__("inspector")
        self.document = Document("{}")
        self.node = ""
        self._setting = Context(self.document.outline)
        self._form = Form("", ())
        self._state = NodeState()
        self._policies: dict[tuple[str, str], str] = {}
        self.border_subtitle = Content(HINT)

    def show(
        self,
        document: Document,
        node: str,
        context: Context,
        state: NodeState | None = None,
        policies: dict[tuple[str, str], str] | None = None,
    ) -> None:
        """Show a node's form, or that of the graph's inputs where there is no such node."""
        state = NodeState() if state is None else state
        shown = (document, node, context, state, policies or {})
        if shown == (self.document, self.node, self._setting, self._state, self._policies):
            return
        moved, title = node != self.node, self._form.title
        self.document, self.node, self._setting, self._state, self._policies = shown
        self._form = node_form(node, context) if node in context.outline.items else inputs_form(context)
        if title != self._form.title:  # to set it has the whole pane drawn anew
            self.border_title = Content(self._form.title)
        self._lay_out()
        if moved:
            self.row = self._first()
            self.scroll_to(y=0, animate=False, force=True)

    def _lay_out(self) -> None:
        made = lines(self._form, self._state, max(self.scrollable_content_region.width, 20))
        told = [self._with_policy(line) for line in made]
        if told != self.things:
            self.fill(told)
        if self.chosen is None or self.chosen.field is None:
            self.row = self._first()

    def _with_policy(self, line: Line) -> Line:
        policy = self._policies.get(line.field.target) if line.field and line.field.kind.way == "seed" else None
        if policy in (None, "fixed"):
            return line
        name, value, note = line.parts[:3]
        return replace(line, parts=(name, value._replace(text=_ending(value.text, str(policy))), note, *line.parts[3:]))

    def _first(self) -> int:
        return next((index for index, line in enumerate(self.things) if line.field), 0)

    def _on_resize(self, event: Resize) -> None:
        self._lay_out()

    @property
    def field(self) -> Field | None:
        """The field under the cursor."""
        return self.chosen.field if self.chosen else None

    @property
    def _help(self) -> list[Part]:
        """What is told of the field under the cursor: what it is for, and in the last line what it may be."""
        if self.size.height < _HELP_FROM or self.field is None:
            return []
        help, kind = help_of(self.field)
        told = wrap(help, max(self.size.width - 2, 10), max_lines=2, placeholder=" …")
        return [*(Part(f" {line}", "live") for line in told), Part(f" {kind}", "muted")]

    def parts(self, thing: Line) -> tuple[Part, ...]:
        """The pieces of a line."""
        return thing.parts

    def render_line(self, y: int) -> Strip:
        """A line of the form; at the bottom, what the field under the cursor is for."""
        told, left = self._help, self.size.height - y
        if left > len(told):
            return super().render_line(y)
        return self._strip([told[-left]], cursor=False).apply_style(self.get_component_rich_style("inspector--help"))

    def action_move(self, by: int) -> None:
        """Go to another field, so many further, or to the last one in that direction."""
        fields = [index for index, line in enumerate(self.things) if line.field]
        if not fields:
            super().action_move(by)
            return
        here = fields.index(self.row) if self.row in fields else 0
        self.row = fields[min(max(here + by, 0), len(fields) - 1)]
        below = 1 + len(self._help)
        self.scroll_to_region(Region(0, max(self.row - 1, 0), 1, below + 1), animate=False, force=True)
        if not here + by:
            self.scroll_to(y=0, animate=False, force=True)
        self.refresh()

    async def _on_click(self, event: Click) -> None:
        at = event.get_content_offset(self)
        row = int(self.scroll_offset.y) + at.y if at else -1
        if 0 <= row < len(self.things) and self.things[row].field:
            self.row = row
            self.refresh()
            if event.chain == 2:
                self.action_edit()

    # what is done with the field

    def action_edit(self) -> None:
        """Edit the field: on its line, or by a box; of a wire, go where it comes from."""
        field = self.field
        if field is None:
            return
        if field.origin == "wire":
            self.post_message(self.Followed(field.source[0].partition(".")[0]))
        elif field.kind.way == "bool":
            self.action_turn()
        elif field.port.wired or field.kind.way in ("choice", "file", *_IN_BOX) or len(field.text) > 200:
            self._tell_soon(self.Asked(field))
        else:
            self._tell_soon(self.Begun(field))

    def _tell_soon(self, message: Message) -> None:
        """An editor is wanted: what is typed until it stands is meant for it."""
        if isinstance(self.screen, Panes):
            self.screen.expect()
        self.post_message(message)

    def action_turn(self) -> None:
        """The next choice, the other of true and false, or the next policy of a seed."""
        field = self.field
        if field is None or field.origin == "wire":
            return
        if field.kind.way == "seed":
            self.post_message(self.Turned(field))
        elif field.kind.way in ("bool", "choice"):
            choices = field.kind.choices or (False, True)
            here = choices.index(field.value) if field.value in choices else -1
            value = choices[(here + 1) % len(choices)]
            self._edit(lambda: given(self.document, field, value))

    def action_step(self, by: int) -> None:
        """A little more or less."""
        field = self.field
        if field is not None and field.origin != "wire" and field.kind.way in ("int", "float", "seed"):
            self.take(field, stepped(field.text, field.kind, field.port.limits, by))

    def action_reset(self) -> None:
        """Take what is written away: the default is meant then, or no wire."""
        field = self.field
        if field is None or not field.node or field.origin in ("default", "missing"):
            return
        self._edit(lambda: reset(self.document, field.node, field.name))

    def action_inputs(self) -> None:
        """Show the inputs of the graph."""
        self.show(self.document, "", self._setting, None, self._policies)

    def take(self, field: Field, text: str) -> str:
        """Take a text as the field's value; what is wrong with it, or nothing."""
        try:
            document = taken(self.document, field, text)
        except (GraphError, ValueError) as error:
            return str(error)
        self._edit(lambda: document)
        return ""

    def _edit(self, edit: Callable[[], Document]) -> None:
        try:
            document = edit()
        except (GraphError, KeyError, ValueError) as error:
            self.post_message(self.Refused(str(error)))
            return
        if document is not self.document:  # told by this pane itself, though the form around it asked for the edit
            self.call_later(lambda: self.post_message(self.Changed(document)))

    def place(self, field: Field) -> Region:
        """Where the value of a field stands, from the pane's corner."""
        at = columns(self._form, max(self.scrollable_content_region.width, 20))
        row = next((index for index, line in enumerate(self.things) if line.field is field), self.row)
        return Region(at.name + 3, row - int(self.scroll_offset.y), at.value + at.note + 1, 1)


def _ending(text: str, note: str) -> str:
    """The text with a note in its last cells."""
    return text[: max(len(text) - len(note) - 3, 0)] + f" ↻ {note}" if len(text) > len(note) + 6 else text
