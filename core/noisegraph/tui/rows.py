"""A pane of rows with a cursor: it draws only the rows in sight, whatever their number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Generic, Literal, NamedTuple, TypeAlias, TypeVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

T = TypeVar("T")
Tone: TypeAlias = Literal["", "muted", "strong", "good", "bad", "warn", "live"]


class Part(NamedTuple):
    """A piece of a row."""

    text: str
    tone: Tone = ""


class Rows(ScrollView, Generic[T], can_focus=True):
    """Rows of things; a subclass says how one looks, and what its keys do."""

    DEFAULT_CSS = """
    Rows { scrollbar-size: 1 1; }
    .rows--muted { color: $text-muted; }
    .rows--strong { text-style: bold; }
    .rows--good { color: $text-success; }
    .rows--bad { color: $text-error; }
    .rows--warn { color: $text-warning; }
    .rows--live { color: $accent; }
    .rows--cursor { text-style: reverse; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "Down", show=False, id="rows.down"),
        Binding("k,up", "move(-1)", "Up", show=False, id="rows.up"),
        Binding("g,home", "move(-1000000)", "First", show=False, id="rows.first"),
        Binding("G,end", "move(1000000)", "Last", show=False, id="rows.last"),
        Binding("pagedown", "move(10)", "Page down", show=False, id="rows.page_down"),
        Binding("pageup", "move(-10)", "Page up", show=False, id="rows.page_up"),
    ]
    COMPONENT_CLASSES = {f"rows--{tone}" for tone in ("muted", "strong", "good", "bad", "warn", "live", "cursor")}
    EMPTY = ""
    """What is shown where there are no rows."""

    def __init__(self, name: str) -> None:
        super().__init__(id=name)
        self.things: Sequence[T] = ()
        self.row = 0

    @property
    def chosen(self) -> T | None:
        """The thing under the cursor."""
        return self.things[self.row] if self.row < len(self.things) else None

    def fill(self, things: Sequence[T]) -> None:
        """Show these things; the cursor stays on its row."""
        self.things = things
        self.row = min(self.row, max(len(things) - 1, 0))
        self.virtual_size = Size(0, len(things))
        self.refresh()

    def parts(self, thing: T) -> Sequence[Part]:
        """How a row looks: pieces of text, each with its tone or none."""
        raise NotImplementedError

    def render_line(self, y: int) -> Strip:
        """The row at a line of the pane."""
        row = int(self.scroll_offset.y) + y
        if row >= len(self.things):
            told = f" {self.EMPTY}" if not self.things and y == 0 else ""
            return self._strip([Part(told, "muted")], cursor=False)
        return self._strip(self.parts(self.things[row]), cursor=row == self.row and self.has_focus)

    def _strip(self, parts: Sequence[Part], cursor: bool) -> Strip:
        width, plain = self.size.width, self.rich_style
        toned = [(text, "" if cursor else tone) for text, tone in parts]  # reversed, tones would make a chequered row
        segments = [Segment(text, self.get_component_rich_style(f"rows--{tone}") if tone else plain)
                    for text, tone in toned]  # fmt: skip
        strip = Strip(segments).adjust_cell_length(width, plain)
        return strip.apply_style(self.get_component_rich_style("rows--cursor")) if cursor else strip

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        self.row = min(max(self.row + by, 0), max(len(self.things) - 1, 0))
        self.scroll_to_region(Region(0, self.row, 1, 1), animate=False, force=True)
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Take the cursor to the row that was clicked."""
        y = event.get_content_offset_capture(self).y
        self.row = min(int(self.scroll_offset.y) + y, max(len(self.things) - 1, 0))
        self.refresh()
