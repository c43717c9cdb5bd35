"""A failure in a box over the panes: what, where, with what, and what to try."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import ClassVar, Literal, NamedTuple, TypeAlias

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from ..dialogs.dialog import Dialog
from .failure import Failure
from .remedies import Remedy

What: TypeAlias = Literal["remedy", "retry", "node", "source", "log", "leave"]
_HINT = "R retry · enter node · o source · y copy · t frames · l log · esc"


class Choice(NamedTuple):
    """What is to be done, and which remedy where it is one."""

    what: What
    remedy: Remedy | None = None


class FailureScreen(Dialog[Choice]):
    """Gives what is to be done."""

    DEFAULT_CSS = """
    FailureScreen { align: center middle; background: $background 50%; }
    FailureScreen > VerticalScroll {
        width: 90%; max-width: 110; height: auto; max-height: 85%;
        border: round $error; border-title-color: $error; border-title-style: bold; border-subtitle-color: $text-muted;
        background: $surface; padding: 0 1;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "remedy(0)", "Try the first", id="failure.first"),
        Binding("2", "remedy(1)", "Try the second", id="failure.second"),
        Binding("3", "remedy(2)", "Try the third", id="failure.third"),
        Binding("R,r", "choose('retry')", "Retry", id="failure.retry"),
        Binding("enter", "choose('node')", "Node", id="failure.node"),
        Binding("o", "choose('source')", "Open source", id="failure.source"),
        Binding("y", "copy", "Copy report", id="failure.copy"),
        Binding("t", "frames", "All frames", id="failure.frames"),
        Binding("l", "choose('log')", "Log", id="failure.log"),
        Binding("escape,q", "choose('leave')", "Leave", id="failure.leave"),
    ]

    def __init__(self, failure: Failure, remedies: Sequence[Remedy]) -> None:
        super().__init__()
        self.failure = failure
        self._remedies = remedies[:3]
        self._all_frames = False

    def compose(self) -> ComposeResult:
        """One text in a box that scrolls."""
        with VerticalScroll() as box:
            box.border_title = Content(f"✖ {self.failure.node} failed · run #{self.failure.run}")
            box.border_subtitle = Content(_HINT)
            yield Static(id="failure")

    def on_mount(self) -> None:
        """The box stands: tell."""
        self.call_after_refresh(self._tell)

    def on_resize(self) -> None:
        """The lines are as wide as the box."""
        self.call_after_refresh(self._tell)

    def _tell(self) -> None:
        width = max(self.query_one(VerticalScroll).content_size.width - 1, 20)
        lines = [Content.styled(text, style) for text, style in self._lines(width)]
        self.query_one("#failure", Static).update(Content("\n").join(lines))

    def _lines(self, width: int) -> Iterator[tuple[str, str]]:
        failure = self.failure
        for line in failure.message.splitlines() or [failure.kind or "it failed"]:
            yield from ((part, "bold") for part in textwrap.wrap(line, width) or [""])
        yield "", ""
        for number, remedy in enumerate(self._remedies, 1):
            yield f"{'Try' if number == 1 else '   '}  {number}  {remedy.label}", "$text-success"
        if failure.inputs:
            told = " · ".join(f"{name} {value}" for name, value in failure.inputs.items())
            yield from _hung("Inputs  ", told, width, "")
        yield from self._frames(width)
        yield from _hung("", "What came before is cached: a retry begins at this node.", width, "$text-muted")

    def _frames(self, width: int) -> Iterator[tuple[str, str]]:
        failure = self.failure
        if self._all_frames:
            yield from ((part, "$text-muted") for line in failure.full_traceback.splitlines()
                        for part in textwrap.wrap(line, width, subsequent_indent="    ") or [""])  # fmt: skip
            return
        for frame in failure.frames:
            yield from _hung("▸ ", f"{frame.file}:{frame.line} {frame.name}", width, "")
            if frame.code:
                yield from _hung("    ", frame.code, width, "$text-muted")
        if failure.folded:
            yield f"  {failure.folded} other frame{'s' * (failure.folded > 1)} folded", "$text-muted"

    def action_remedy(self, index: int) -> None:
        """Try this."""
        if index < len(self._remedies):
            self.dismiss(Choice("remedy", self._remedies[index]))

    def action_choose(self, what: What) -> None:
        """Leave, with this to be done."""
        self.dismiss(Choice(what))

    def action_copy(self) -> None:
        """Put the whole report into the clipboard."""
        self.app.copy_to_clipboard(self.failure.report)
        self.notify("the report is in the clipboard")

    def action_frames(self) -> None:
        """All frames of the traceback, or the node's own."""
        self._all_frames = not self._all_frames and bool(self.failure.full_traceback)
        self._tell()


def _hung(head: str, text: str, width: int, style: str) -> Iterator[tuple[str, str]]:
    """The text behind its head, its further lines below its beginning."""
    for line in textwrap.wrap(text, width, initial_indent=head, subsequent_indent=" " * len(head)) or [head]:
        yield line, style
