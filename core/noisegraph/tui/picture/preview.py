"""The picture that comes into being, and below it the steps that led there, through which one can wind."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Click, Resize
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from .blocks import Pixels, fitted, quadrants
from .film import Film
from .reel import Frame, Reel
from .terminal import Graphics

_BACK = "h l wind · ⏎ go on otherwise from here"


class Preview(Widget, can_focus=True):
    """The newest picture, or the one that was wound back to."""

    DEFAULT_CSS = """
    Preview {
        & > .preview--film { color: $foreground 55%; }
        & > .preview--here { color: $accent; text-style: bold; }
        & > .preview--empty { color: $foreground 45%; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"preview--film", "preview--here", "preview--empty"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("h,left", "wind(-1)", "Step back", id="preview.back"),
        Binding("l,right", "wind(1)", "Step on", id="preview.on"),
        Binding("g,home", "wind(-9999)", "First step", show=False, id="preview.first"),
        Binding("G,end", "wind(9999)", "Newest", show=False, id="preview.last"),
        Binding("o", "open", "Open file", id="preview.open"),
        Binding("enter", "choose", "From this step", show=False, id="preview.choose"),
    ]

    @dataclass
    class Chosen(Message):
        """A step of a loop is meant: a run is wanted that goes on otherwise from there."""

        node: str
        step: int
        of: int

    @dataclass
    class Opened(Message):
        """The file of a picture is wanted in the system's viewer."""

        file: str

    def __init__(self, *, id: str | None = "preview") -> None:
        super().__init__(id=id)
        self.graphics: Graphics = "blocks"
        """How results are shown; steps are always shown in blocks, or not at all."""
        self.reel = Reel()
        self._sent: tuple[str, int, int, int] | None = None
        self._made: dict[tuple[int, int, int], list[Strip]] = {}
        self._lines: list[Strip] | None = None

    def show(
        self, width: int, height: int, rgb: bytes, step: int = 0, of: int = 0, file: str = "", node: str = ""
    ) -> None:
        """A newer picture: of a step, or with none what came out in the end."""
        if len(rgb) == 3 * width * height and rgb:
            self._change(self.reel.add(Frame(Pixels(width, height, rgb), step, of, file, node)))
            if file:
                self.run_worker(lambda: self._read(file), thread=True, exit_on_error=False, group="pictures")

    def _read(self, file: str) -> None:
        """A result as it was written, where its file can be read here: what the worker tells is small."""
        from .file import read

        found = read(file)
        if found is not None:
            self.app.call_from_thread(lambda: self._change(self.reel.sharper(file, found)))

    def begin(self) -> None:
        """Another run: forget the pictures of the last."""
        self._change(Reel())

    @property
    def wanted(self) -> int:
        """The longer side in pixels that a picture needs to fill the pane."""
        size = self._room()
        return max(2 * size.width, 2 * size.height) if size.width else 0

    def render_line(self, y: int) -> Strip:
        """A line of the pane."""
        if self._lines is None:
            self._lines = self._drawn()
        return self._lines[y] if y < len(self._lines) else Strip.blank(self.size.width, self.rich_style)

    def notify_style_update(self) -> None:
        """Colours have changed."""
        super().notify_style_update()
        self._lines = None

    def action_wind(self, by: int) -> None:
        """Look at an earlier or a later step."""
        self._change(self.reel.wind(by))

    def action_open(self) -> None:
        """Show the file in the system's viewer."""
        frame = self.reel.frame
        if frame is not None and frame.file:
            self.post_message(self.Opened(frame.file))

    def action_choose(self) -> None:
        """Go on from the step that is looked at."""
        frame = self.reel.frame
        if frame is not None and not frame.final:
            self.post_message(self.Chosen(frame.node, frame.step, frame.of))

    async def _on_click(self, event: Click) -> None:
        at = event.get_content_offset(self)
        index = self._film.index_at(at.x) if at is not None and at.y >= self._room().height else None
        if index is not None:
            self.action_wind(index - self.reel.index)

    def _on_resize(self, event: Resize) -> None:
        self._made.clear()
        self._lines = None

    def _change(self, reel: Reel) -> None:
        if reel is self.reel:
            return
        self.reel = reel
        self._lines = None
        alive = {id(frame) for frame in reel.frames}
        self._made = {key: strips for key, strips in self._made.items() if key[0] in alive}
        self._title()
        self.refresh()

    def _title(self) -> None:
        frame = self.reel.frame
        told = f" · {frame.title}" if frame else ""
        self.border_title = Content(f"[2] Preview{told}")
        self.border_subtitle = "" if self.reel.at is None else Content(_BACK)

    def _room(self) -> Size:
        return Size(self.size.width, self.size.height - self._film.rows)

    @property
    def _film(self) -> Film:
        return Film(self.reel, self.size.width, self.size.height)

    def _drawn(self) -> list[Strip]:
        frame, room = self.reel.frame, self._room()
        if frame is None or self.graphics == "none":
            return self._empty("no picture yet: r runs the graph" if frame is None else frame.title)
        columns, rows = fitted(frame.picture.width, frame.picture.height, room.width, room.height)
        strips = self._by_protocol(frame, columns, rows) or self._cells(frame, columns, rows)
        left = (room.width - columns) // 2
        above = (room.height - rows) // 2
        blank = Strip.blank(room.width, self.rich_style)
        lines = [blank] * above + [self._padded(strip, left) for strip in strips]
        return [*lines, *[blank] * (room.height - len(lines)), *self._strip_of_steps()]

    def _empty(self, told: str) -> list[Strip]:
        blank = Strip.blank(self.size.width, self.rich_style)
        left = max(self.size.width - len(told), 0) // 2
        line = Strip([Segment(told, self.get_component_rich_style("preview--empty"))])
        return [*[blank] * (self.size.height // 2), self._padded(line, left)]

    def _strip_of_steps(self) -> list[Strip]:
        here, there = (self.get_component_rich_style(f"preview--{name}") for name in ("here", "film"))
        return [
            self._padded(strip, self._film.left)
            for strip in self._film.strips(self._cells, self.rich_style, here, there)
        ]

    def _by_protocol(self, frame: Frame, columns: int, rows: int) -> list[Strip]:
        """The cells of a result that the terminal itself shows; none where it cannot, or where the file is not here."""
        from .kitty import ROWS, forgotten, placeholders, sent

        driver = self.app._driver
        if self.graphics != "kitty" or not frame.file or driver is None or not 0 < rows <= len(ROWS):
            return []
        if self._sent is None or self._sent[:3] != (frame.file, columns, rows):
            try:
                png = Path(frame.file).read_bytes()
            except OSError:
                return []
            if self._sent is not None:
                driver.write(forgotten(self._sent[3]))
            number = self._sent[3] % 0xFFFF + 1 if self._sent else 1
            self._sent = frame.file, columns, rows, number
            for part in sent(png, number, columns, rows):
                driver.write(part)
        return placeholders(self._sent[3], columns, rows)

    def _cells(self, frame: Frame, columns: int, rows: int) -> list[Strip]:
        key = (id(frame), columns, rows)
        if key not in self._made:
            self._made[key] = quadrants(frame.picture, columns, rows)
        return self._made[key]

    def _padded(self, strip: Strip, left: int) -> Strip:
        """In the pane's width, with the pane's colours around."""
        line = Strip.join([Strip.blank(left, self.rich_style), strip]) if left > 0 else strip
        return line.crop_extend(0, self.size.width, self.rich_style)
