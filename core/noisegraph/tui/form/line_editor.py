"""The editor of one field, on its line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Input

from .fields import Field
from .kind import meant, stepped


class LineEditor(Input):
    """Says at once what is wrong with what is typed; enter takes it, esc leaves it, tab goes on to the next field."""

    DEFAULT_CSS = """
    LineEditor { height: 1; border: none; padding: 0; background: $accent 20%; }
    LineEditor:focus { border: none; background: $accent 25%; }
    LineEditor.-invalid { background: $error 30%; border: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave", id="field.leave"),
        Binding("tab,down", "take(1)", "Next", id="field.next"),
        Binding("shift+tab,up", "take(-1)", "Previous", show=False, id="field.previous"),
        Binding("ctrl+up", "step(1)", "More", id="field.more"),
        Binding("ctrl+down", "step(-1)", "Less", id="field.less"),
    ]

    @dataclass
    class Written(Message):
        """The editor is done: with a text, or with none where it was left. `onward`: which field is edited next."""

        editor: LineEditor
        field: Field
        text: str | None
        onward: int = 0

    def __init__(self, field: Field) -> None:
        super().__init__(field.text, compact=True, select_on_focus=True)
        self.field = field

    def watch_value(self, value: str) -> None:
        """Tell what is wrong with the text."""
        if not self.is_mounted:
            return
        try:
            meant(value, self.field.kind, self.field.port.limits)
            self.tell("")
        except ValueError as error:
            self.tell(str(error))

    def tell(self, wrong: str) -> None:
        """Show what is wrong, or that nothing is."""
        self.set_class(bool(wrong), "-invalid")
        self.parent_title(wrong)

    def parent_title(self, wrong: str) -> None:
        """Write it under the form."""
        inspector = self.screen.query("#inspector").first() if self.is_mounted else None
        if inspector is not None:
            hint = "enter take · tab next · ctrl+↑↓ step · esc leave"
            inspector.border_subtitle = Content(f"✖ {self.field.name} {wrong}" if wrong else hint)

    def _on_unmount(self) -> None:
        inspectors = self.screen.query("#inspector")
        if inspectors:
            inspectors.first().border_subtitle = Content("enter edit · ⌫ default · space next · c connect")

    async def action_submit(self) -> None:
        """Take the text."""
        self.action_take(0)

    def action_take(self, onward: int) -> None:
        """Take the text, and go on to another field."""
        text = None if self.value == self.field.text else self.value
        self.post_message(self.Written(self, self.field, text, onward))

    def action_leave(self) -> None:
        """Leave the field as it was."""
        self.post_message(self.Written(self, self.field, None))

    def action_step(self, by: int) -> None:
        """A little more or less."""
        self.value = stepped(self.value, self.field.kind, self.field.port.limits, by)
        self.cursor_position = len(self.value)
