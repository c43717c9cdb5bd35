"""One of many, found by a few letters of its name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Mount
from textual.widgets import Input, Label, OptionList
from textual.widgets.option_list import Option

from .dialog import Dialog
from .matching import Choice, matching

T = TypeVar("T")
MOST_SHOWN = 200
"""How many choices are listed at once; more letters find the others."""


class Picker(Dialog[T | None], Generic[T]):
    """Gives the value that was chosen, or None; `free` makes a value of what was typed and is no choice."""

    DEFAULT_CSS = """
    Picker { align: center middle; background: $background 60%; }
    Picker > Vertical {
        width: 84; max-width: 96%; height: auto; max-height: 90%;
        border: round $accent; background: $surface; padding: 0 1;
    }
    Picker Input { background: $foreground 8%; margin-bottom: 1; }
    Picker OptionList {
        height: auto; max-height: 60vh; border: none; background: $surface; padding: 0;
        text-wrap: nowrap; text-overflow: ellipsis; scrollbar-size-vertical: 1;
    }
    Picker #picker-about { color: $foreground 70%; width: 1fr; height: auto; max-height: 4; margin-top: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave", id="picker.leave"),
        Binding("down,ctrl+n", "move(1)", "Next", show=False, id="picker.down"),
        Binding("up,ctrl+p", "move(-1)", "Previous", show=False, id="picker.up"),
        Binding("pagedown", "move(10)", "Page down", show=False, id="picker.page_down"),
        Binding("pageup", "move(-10)", "Page up", show=False, id="picker.page_up"),
    ]

    def __init__(
        self,
        title: str,
        choices: Sequence[Choice[T]],
        current: T | None = None,
        nothing: str = "nothing fits",
        wanted: str = "type to find",
        free: Callable[[str], T] | None = None,
    ) -> None:
        super().__init__()
        self._title, self._choices, self._nothing, self._wanted = title, choices, nothing, wanted
        self._current, self._free = current, free
        self._found: list[Choice[T]] = []

    def compose(self) -> ComposeResult:
        """The field to type in, the list, and what is said of the choice under the cursor."""
        with Vertical() as box:
            box.border_title = Content(self._title)
            box.border_subtitle = Content("enter take · ↑ ↓ choose · esc leave")
            yield Input(placeholder=self._wanted, compact=True, id="picker-text")
            yield OptionList(id="picker-list")
            yield Label(id="picker-about")

    def _on_mount(self, event: Mount) -> None:
        self.query_one(OptionList).can_focus = False
        self._show("")
        values = [one.value for one in self._found]
        if self._current in values:
            self.query_one(OptionList).highlighted = values.index(self._current)

    @on(Input.Changed)
    def _narrow(self, event: Input.Changed) -> None:
        self._show(event.value)

    def _show(self, text: str) -> None:
        self._found = matching(self._choices, text)[:MOST_SHOWN]
        shown = self.query_one(OptionList)
        wide = max([len(one.label) for one in self._found], default=0)
        shown.clear_options().add_options([Option(_line(one, min(wide, 32))) for one in self._found])
        shown.highlighted = 0 if self._found else None
        self._tell()

    @on(OptionList.OptionHighlighted)
    def _tell(self) -> None:
        chosen = self.chosen
        told = chosen.about if chosen else self._nothing
        self.query_one("#picker-about", Label).update(Content(told))

    @property
    def chosen(self) -> Choice[T] | None:
        """The choice under the cursor."""
        index = self.query_one(OptionList).highlighted
        return self._found[index] if index is not None and index < len(self._found) else None

    def action_move(self, by: int) -> None:
        """Go up or down the list, round its ends by single steps."""
        shown = self.query_one(OptionList)
        if self._found:
            there = (shown.highlighted or 0) + by
            shown.highlighted = there % len(self._found) if abs(by) == 1 else min(max(there, 0), len(self._found) - 1)

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        chosen = self.chosen
        if chosen is not None:
            self.dismiss(chosen.value)
        elif self._free is not None and event.value:
            self.dismiss(self._free(event.value))

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._found[event.option_index].value)

    def action_leave(self) -> None:
        """Leave without a choice."""
        self.dismiss(None)


def _line(choice: Choice[T], wide: int) -> Content:
    label = Content(choice.label.ljust(wide))
    return label + Content.styled(f"  {choice.detail}", "dim") if choice.detail else label
