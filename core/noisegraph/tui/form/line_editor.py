"""The editor of one field, on its line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Mount
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

    @dataclass
    class Judged(Message):
        """What is wrong with what is typed; empty where nothing is."""

        wrong: str

    def __init__(self, field: Field) -> None:
        super().__init__(field.text, compact=True, select_on_focus=True)
        self.field = field

    def _on_mount(self, event: Mount) -> None:
        self.judge("")

    def watch_value(self, value: str) -> None:
        """Tell what is wrong with the text."""
        if not self.is_mounted:
            return
        try:
            meant(value, self.field.kind, self.field.port.limits)
            self.judge("")
        except ValueError as error:
            self.judge(str(error))

    def judge(self, wrong: str) -> None:
        """Show what is wrong, or that nothing is."""
        self.set_class(bool(wrong), "-invalid")
        self.post_message(self.Judged(f"{self.field.name} {wrong}" if wrong else ""))

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
