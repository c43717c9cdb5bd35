"""A text of several lines, such as a prompt: written in a box, with earlier ones a key away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Mount
from textual.widgets import Label, TextArea

from .dialog import Dialog


class Answer(NamedTuple):
    """What was written; `run`: it is to be run at once, `outside`: it is to go on in $EDITOR."""

    text: str
    run: bool = False
    outside: bool = False


def _fine(text: str) -> str:
    return ""


class Prose(Dialog[Answer | None]):
    """Gives the answer, or None where it was left; `wrong` says what is wrong with a text, `told` what it comes to."""

    DEFAULT_CSS = """
    Prose { align: center middle; background: $background 60%; }
    Prose > Vertical {
        width: 100; max-width: 96%; height: auto; max-height: 90%;
        border: round $accent; background: $surface; padding: 0 1;
    }
    Prose TextArea { height: 6; background: $foreground 8%; }
    Prose.-long TextArea { height: 60vh; }
    Prose Label { color: $foreground 70%; height: 1; }
    Prose Label.-wrong { color: $error; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave", priority=True, id="prose.leave"),
        Binding("enter", "take", "Take", priority=True, id="prose.take"),
        Binding("ctrl+n,shift+enter", "new_line", "New line", priority=True, id="prose.new_line"),
        Binding("f5,ctrl+j", "run", "Take and run", priority=True, id="prose.run"),
        Binding("alt+up", "earlier(1)", "Earlier", priority=True, id="prose.earlier"),
        Binding("alt+down", "earlier(-1)", "Later", priority=True, id="prose.later"),
        Binding("ctrl+e", "outside", "$EDITOR", priority=True, id="prose.editor"),
    ]

    def __init__(
        self,
        title: str,
        text: str,
        earlier: Sequence[str] = (),
        wrong: Callable[[str], str] = _fine,
        told: Callable[[str], str] = _fine,
        long: bool = False,
    ) -> None:
        super().__init__(classes="-long" if long else None)
        self._title, self._text, self._wrong, self._told = title, text, wrong, told
        self._past = [*dict.fromkeys(one for one in earlier if one != text), text]
        self._at = len(self._past) - 1

    def compose(self) -> ComposeResult:
        """The text, and a line that says what it comes to."""
        with Vertical() as box:
            box.border_title = Content(self._title)
            box.border_subtitle = Content("⏎ take · F5 run · ^n new line · alt+↑ earlier · ^e $EDITOR · esc")
            yield TextArea(self._text, soft_wrap=True, tab_behavior="focus", compact=True, id="prose-text")
            yield Label(id="prose-told")

    def _on_mount(self, event: Mount) -> None:
        area = self.query_one(TextArea)
        area.move_cursor(area.document.end)
        self._tell()

    @property
    def text(self) -> str:
        """What is written."""
        return self.query_one(TextArea).text

    @on(TextArea.Changed)
    def _tell(self) -> None:
        wrong = self._wrong(self.text)
        line = self.query_one("#prose-told", Label)
        line.set_class(bool(wrong), "-wrong")
        past = f"{len(self._past) - 1 - self._at} of {len(self._past) - 1} earlier" if len(self._past) > 1 else ""
        told = " · ".join(part for part in (self._told(self.text), past) if part)
        line.update(Content(f"✖ {wrong}" if wrong else told))

    def action_take(self) -> None:
        """Take the text, unless something is wrong with it."""
        self._after_typing(self._take)

    def action_run(self) -> None:
        """Take the text and run the graph."""
        self._after_typing(lambda: self._take(run=True))

    def _after_typing(self, do: Callable[[], None]) -> None:
        """Keys of this screen are seen before the text has taken in what was typed before them."""
        self.settled = False
        self.query_one(TextArea).call_later(do)

    def _take(self, run: bool = False) -> None:
        if self._wrong(self.text):
            self.settle()
        else:
            self.dismiss(Answer(self.text, run=run))

    def action_outside(self) -> None:
        """Go on in the user's own editor."""
        self._after_typing(self._leave_for_editor)

    def _leave_for_editor(self) -> None:
        self.dismiss(Answer(self.text, outside=True))

    def action_new_line(self) -> None:
        """Begin another line."""
        self.query_one(TextArea).insert("\n")

    def action_earlier(self, by: int) -> None:
        """An earlier text, or a later one."""
        if self._at == len(self._past) - 1:
            self._past[-1] = self.text
        self._at = min(max(self._at - by, 0), len(self._past) - 1)
        area = self.query_one(TextArea)
        area.text = self._past[self._at]
        area.move_cursor(area.document.end)

    def action_leave(self) -> None:
        """Leave the text as it was."""
        self.dismiss(None)
