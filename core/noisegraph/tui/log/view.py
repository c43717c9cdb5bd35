"""The log pane: it draws the lines that are in sight and no other."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding
from textual.content import Content
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from ..prompt import Prompt
from .ring import LEVELS, Filter, Level, Line, Ring


class LogView(ScrollView, can_focus=True):
    """Lines of the ring; it follows the newest until one scrolls up."""

    DEFAULT_CSS = """
    LogView {
        scrollbar-size: 0 1;
        & > .log--warn { color: $text-warning; }
        & > .log--error { color: $text-error; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"log--warn", "log--error"}
    BINDINGS = [
        Binding("j,down", "scroll_down", "Down", show=False, id="log.down"),
        Binding("k,up", "scroll_up", "Up", show=False, id="log.up"),
        Binding("g,home", "scroll_home", "First line", show=False, id="log.first"),
        Binding("G,end", "follow", "Follow", id="log.follow"),
        Binding("slash", "search", "Search", key_display="/", id="log.search"),
        Binding("n", "found(1)", "Next found", show=False, id="log.find_next"),
        Binding("N", "found(-1)", "Previous found", show=False, id="log.find_previous"),
        Binding("f", "filter", "Filter", id="log.filter"),
        Binding("L", "level", "Level", id="log.level"),
        Binding("w", "wrap", "Wrap", id="log.wrap"),
        Binding("s", "save", "Save", id="log.save"),
        Binding("o", "pager", "Pager", id="log.pager"),
    ]

    def __init__(self, ring: Ring) -> None:
        super().__init__(id="log")
        self._ring = ring
        self._sought = ""
        self._found: int | None = None
        self._wraps = False
        self._following = True

    def on_mount(self) -> None:
        """Show what there is."""
        self.renew()

    def add(self, lines: Iterable[str], level: Level = "info", node: str = "") -> None:
        """Append lines."""
        self._ring.add(lines, level, node)
        self.renew()

    def renew(self) -> None:
        """The ring has other lines."""
        following = self._following and self.is_vertical_scroll_end
        rows = sum(map(self._rows, self._ring.seen[-2000:])) if self._wraps else len(self._ring.seen)
        widest = 0 if self._wraps else max((len(line.shown) for line in self._ring.seen[-500:]), default=0)
        self.virtual_size = Size(widest, rows)
        if following:
            self.scroll_end(animate=False, force=True)
        self.border_subtitle = Content(" · ".join(self._told()))
        self.refresh()

    def _told(self) -> list[str]:
        chosen = self._ring.filter
        told = [f"{chosen.level} and up"] if chosen.level != "info" else []
        told += [f"only {text!r}" for text in (chosen.node, chosen.text) if text]
        told += [f"/{self._sought}"] if self._sought else []
        return told

    def render_line(self, y: int) -> Strip:
        """The line at a row of the pane."""
        across, down = self.scroll_offset
        width = self.size.width
        number, part = self._at(down + y)
        if number is None:
            return Strip.blank(width, self.rich_style)
        line = self._ring.seen[number]
        strip = Strip(self._segments(line, number))
        left = part * width if self._wraps else across
        return strip.crop_extend(left, left + width, self.rich_style).apply_style(self.rich_style)

    def _at(self, row: int) -> tuple[int | None, int]:
        """The number of the line that stands at a row, and which part of it; only wrapped lines have several."""
        if not self._wraps:
            return (row, 0) if row < len(self._ring.seen) else (None, 0)
        first = max(len(self._ring.seen) - 2000, 0)
        for number in range(first, len(self._ring.seen)):
            rows = self._rows(self._ring.seen[number])
            if row < rows:
                return number, row
            row -= rows
        return None, 0

    def _rows(self, line: Line) -> int:
        return max(-(-len(line.shown) // max(self.size.width, 1)), 1)

    def _segments(self, line: Line, number: int) -> list[Segment]:
        tone = self.get_component_rich_style(f"log--{line.level}") if line.level != "info" else Style()
        text = Style(reverse=number == self._found)
        return [
            Segment(f"{line.clock} ", Style(dim=True)),
            Segment(f"{line.level.upper():<5} ", tone),
            Segment(f"{line.node:<12} ", Style(bold=True)),
            Segment(line.text.replace("\t", "    "), text),
        ]

    def watch_scroll_y(self, before: float, after: float) -> None:
        """Scrolling up ends following, scrolling to the end begins it."""
        super().watch_scroll_y(before, after)
        self._following = self.is_vertical_scroll_end

    def action_follow(self) -> None:
        """Go to the newest line, and stay there."""
        self._following = True
        self.scroll_end(animate=False, force=True)

    def action_search(self) -> None:
        """Ask for a text, and go to the line before that holds it."""
        self.app.push_screen(Prompt("Search the log", self._sought), self._search)

    def _search(self, text: str | None) -> None:
        self._sought = text or ""
        self._found = None
        self.action_found(-1)

    def action_found(self, way: int) -> None:
        """Go to the next line that holds what is sought."""
        if not self._sought or not self._ring.seen:
            return
        start = len(self._ring.seen) - 1 if self._found is None else self._found + way
        self._found = self._ring.find(self._sought, start % len(self._ring.seen), way)
        if self._found is None:
            self.notify(f"no line holds {self._sought!r}", markup=False)
        else:
            self.scroll_to_region(Region(0, self._found, 1, 1), animate=False, center=True, force=True)
        self.renew()

    def action_filter(self) -> None:
        """Ask for a text, and show only lines that hold it."""
        self.app.push_screen(Prompt("Show lines with", self._ring.filter.text), self._admit_text)

    def _admit_text(self, text: str | None) -> None:
        if text is not None:
            self.admit(replace(self._ring.filter, text=text))

    def admit(self, chosen: Filter) -> None:
        """Show only what the filter admits."""
        self._ring.admit(chosen)
        self._found = None
        self.renew()

    def action_level(self) -> None:
        """Show graver lines only, then all again."""
        following = LEVELS[(LEVELS.index(self._ring.filter.level) + 1) % len(LEVELS)]
        self.admit(replace(self._ring.filter, level=following))

    def action_wrap(self) -> None:
        """Wrap long lines, the newest two thousand, or cut them off."""
        self._wraps = not self._wraps
        self.renew()

    def _text(self) -> str:
        return "".join(f"{line.shown}\n" for line in self._ring.seen)

    def action_save(self) -> None:
        """Ask for a file, and write the lines to it."""
        self.app.push_screen(Prompt("Save the log as", str(Path.cwd() / "noisegraph.log")), self._save)

    def _save(self, name: str | None) -> None:
        if not name:
            return
        try:
            Path(name).expanduser().write_text(self._text(), encoding="utf-8")
        except OSError as error:
            self.notify(f"cannot write {name}: {error.strerror}", severity="error", markup=False)
        else:
            self.notify(f"wrote {name}", markup=False)

    def action_pager(self) -> None:
        """Read the lines in $PAGER."""
        command = shlex.split(os.environ.get("PAGER", "less"))
        with tempfile.NamedTemporaryFile("w", suffix=".log", encoding="utf-8") as file:
            file.write(self._text())
            file.flush()
            try:
                with self.app.suspend():
                    subprocess.run([*command, file.name], check=False)
            except OSError as error:
                self.notify(f"cannot start {command[0]}: {error.strerror}", severity="error", markup=False)
        self.app.refresh()
