"""Lines of a pane out of pieces of text and of pictures, in the pane's colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from ..graph.words import Part

_KINDS = ("muted", "strong", "star", "mark", "done", "failed", "cancelled", "old", "new", "cursor", "head")


class ResultsCanvas(Widget, can_focus=True):
    """All lines are drawn at once, when something has changed."""

    DEFAULT_CSS = """
    ResultsCanvas {
        & > .results--muted { color: $foreground 60%; }
        & > .results--strong { text-style: bold; }
        & > .results--star { color: $warning; text-style: bold; }
        & > .results--mark { color: $accent; text-style: bold; }
        & > .results--done { color: $success; }
        & > .results--failed { color: $error; }
        & > .results--cancelled { color: $warning; }
        & > .results--old { color: $error; }
        & > .results--new { color: $success; }
        & > .results--head { color: $foreground 70%; }
        & > .results--cursor { background: $foreground 10%; }
    }
    ResultsCanvas:focus > .results--cursor { background: $accent 40%; text-style: bold; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"results--{kind}" for kind in _KINDS}

    def __init__(self, *, id: str | None) -> None:
        super().__init__(id=id)
        self._lines: list[Strip] | None = None

    def draw(self) -> list[Strip]:
        """The lines of the whole pane."""
        raise NotImplementedError

    def render_line(self, y: int) -> Strip:
        """A line of the pane."""
        if self._lines is None:
            self._lines = self.draw()
        return self._lines[y] if y < len(self._lines) else Strip.blank(self.size.width, self.rich_style)

    def notify_style_update(self) -> None:
        """Colours have changed."""
        super().notify_style_update()
        self._lines = None

    def again(self) -> None:
        """Draw all lines anew."""
        self._lines = None
        self.refresh()

    def strip(self, parts: Sequence[Part], width: int, on: bool = False) -> Strip:
        """Pieces of text on exactly so many columns, under the cursor or not."""
        over = self.get_component_rich_style("results--cursor") if on else None
        mark = Style(bgcolor=over.bgcolor, bold=over.bold) if over else Style()
        pieces = [Segment(part.text, self.style(part.kind) + mark) for part in parts]
        return Strip(pieces).crop_extend(0, max(width, 0), self.rich_style + mark)

    def style(self, kind: str) -> Style:
        """How a piece of this kind looks."""
        return self.get_component_rich_style(f"results--{kind}") if kind else self.rich_style

    def blank(self, width: int) -> Strip:
        """So many columns of nothing."""
        return Strip.blank(max(width, 0), self.rich_style)

    def wide(self, strip: Strip | None, width: int) -> Strip:
        """On exactly so many columns."""
        return self.blank(width) if strip is None else strip.crop_extend(0, max(width, 0), self.rich_style)
