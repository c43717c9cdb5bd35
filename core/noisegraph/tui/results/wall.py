"""Small pictures or lines, and beside them what is meant: one result, or two against each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from rich.segment import Segment
from textual.strip import Strip

from ..graph.words import Part
from ..picture.blocks import Pixels, fitted, quadrants
from . import detail, tile
from .canvas import ResultsCanvas
from .compare import differences
from .result import Result

Beside: TypeAlias = Literal["picture", "metadata", "side", "wipe", "params"]
BESIDE_FROM = 84
"""From this width on, what is meant stands beside the others; below, in place of them when it is asked for."""
_EMPTY = "No results yet: r runs the graph, and what it makes stays here."


class ResultsWall(ResultsCanvas):
    """Draws results, of which one is meant and one may be marked to compare others with."""

    def __init__(self, *, id: str | None = "results") -> None:
        super().__init__(id=id)
        self.beside: Beside = "picture"
        self.way: Literal["grid", "list"] = "grid"
        self.filter = ""
        self._all: Sequence[Result] = ()
        self._seen: list[Result] = []
        self._at = 0
        self._first = 0
        self._a: int | None = None
        self._typed: str | None = None
        self._alone = False
        self._files: dict[str, Pixels | None] = {}

    @property
    def chosen(self) -> Result | None:
        """The result that is meant."""
        return self._seen[self._at] if self._seen else None

    @property
    def _left(self) -> int:
        """How many columns the results have."""
        if self._alone:
            return 0
        return self.size.width * 11 // 20 if self.size.width >= BESIDE_FROM else self.size.width

    @property
    def _grid(self) -> bool:
        return self.way == "grid" and self.size.height > tile.HEIGHT and self._left >= tile.WIDTH

    @property
    def _columns(self) -> int:
        return max(self._left // tile.WIDTH, 1) if self._grid else 1

    @property
    def _rows(self) -> int:
        """How many rows of results are seen."""
        room = self.size.height - 1
        return max(room // tile.HEIGHT, 1) if self._grid else max(room, 1)

    def draw(self) -> list[Strip]:
        """The head, the results, and what is meant."""
        width, height = self.size
        if not width or not height:
            return []
        room = height - 1
        left = self._wall(self._left, room) if self._left else []
        beside = width - self._left - (1 if self._left else 0)
        right = self._one(beside, room) if beside > 4 and self._seen else []
        lines = [self.strip(self._head(), width)]
        for row in range(room):
            parts = [self.wide(left[row] if row < len(left) else None, self._left)]
            if beside > 4:
                parts += [
                    self.blank(width - self._left - beside),
                    self.wide(right[row] if row < len(right) else None, beside),
                ]
            lines.append(Strip.join(parts).crop_extend(0, width, self.rich_style))
        return lines

    def _head(self) -> list[Part]:
        count, known = len(self._seen), len(self._all)
        told = [
            Part(
                f" {known} result{'' if known == 1 else 's'}" if count == known else f" {count} of {known} results",
                "head",
            )
        ]
        if self._typed is not None:
            told += [Part(" · filter: ", "head"), Part(f"{self._typed}▏", "strong")]
        elif self.filter:
            told += [Part(" · filter: ", "head"), Part(self.filter, "strong"), Part(" (esc)", "head")]
        if self._a is not None:
            told.append(Part(f" · A #{self._a} against B · m {self.beside}", "mark"))
        return told

    def _wall(self, width: int, room: int) -> list[Strip]:
        if not self._seen:
            text = _EMPTY if not self._all else "Nothing fits: esc shows all."
            return [self.strip([Part(f" {text}", "muted")], width)]
        if not self._grid:
            here = range(self._first, min(self._first + room, len(self._seen)))
            return [self.strip(self._line(index, width), width, index == self._at) for index in here]
        lines: list[Strip] = []
        for row in range(self._first, self._first + self._rows):
            tiles = [
                self._tile(index)
                for index in range(row * self._columns, (row + 1) * self._columns)
                if index < len(self._seen)
            ]
            lines += [Strip.join([one[line] for one in tiles]) for line in range(tile.HEIGHT)] if tiles else []
        return lines

    def _line(self, index: int, width: int) -> list[Part]:
        result = self._seen[index]
        before = self._before(result)
        changed = " · ".join(map(str, differences(before, result))) if before else ""
        return tile.line(result, changed, self._letter(result), width)

    def _tile(self, index: int) -> list[Strip]:
        result, on = self._seen[index], index == self._at
        columns, rows = tile.PICTURE
        across, down = tile.cells(result)
        if result.picture is not None:
            cells = quadrants(result.picture, across, down)
        else:
            cells = [
                self.strip([Part(text.center(columns), tile.shape(result).kind)], columns)
                for text in tile.instead(result)
            ]
            across, down = columns, len(cells)
        edge = self.style("mark") if on and self.has_focus else self.style("muted") if on else self.rich_style
        bars = (Segment("▐", edge), Segment("▌", edge)) if on else (Segment(" ", edge), Segment(" ", edge))
        above, before = (rows - down) // 2, (columns - across) // 2
        lines = []
        for row in range(rows):
            inside = cells[row - above] if above <= row < above + down else Strip([])
            middle = Strip.join([self.blank(before), inside]).crop_extend(0, columns, self.rich_style)
            lines.append(Strip.join([Strip([bars[0]]), middle, Strip([bars[1], Segment("  ", self.rich_style)])]))
        caption = self.strip([Part(" "), *tile.caption(result, self._letter(result))], tile.WIDTH - 2, on)
        return [*lines, Strip.join([caption, self.blank(2)])]

    def _one(self, width: int, room: int) -> list[Strip]:
        """What is meant: its picture above what is told of it, or beside that where the pane is low."""
        result, other = self._seen[self._at], self._marked
        if self.beside == "metadata":
            return [self.strip(line, width) for line in detail.metadata(result, width)]
        if other is not None and self.beside == "params":
            return [self.strip(line, width) for line in detail.table(other, result, width)]
        if other is not None and other is not result and self.beside in ("side", "wipe"):
            return self._two(other, result, width, room)
        before = other or self._before(result)
        low = room < 16
        words = max(width // 2, 20) if low else width
        told = detail.about(result, before, self._named(before), words - 2)
        across = width - words if low else width
        strips = self._picture(result, across, room if low else max(room - len(told) - 1, 3))
        lines = [self.strip([Part(" "), *line], words) for line in told]
        if not low:
            return [*strips, self.blank(width), *lines]
        return [
            Strip.join(
                [
                    self.wide(strips[row] if row < len(strips) else None, across),
                    self.wide(lines[row] if row < len(lines) else None, words),
                ]
            )
            for row in range(room)
        ]

    def _two(self, one: Result, other: Result, width: int, room: int) -> list[Strip]:
        told = [self.strip(line, width) for line in detail.about(other, one, self._named(one), width - 2)[2:]]
        high = max(room - min(len(told), max(room // 3, 2)) - 1, 2)
        if self.beside == "side":
            half = (width - 2) // 2
            pair = [self._picture(result, half, high) for result in (one, other)]
            names = [
                self.strip([Part(name.center(half), "mark")], half)
                for name in (f"A #{one.number}", f"B #{other.number}")
            ]
            lines = [
                Strip.join([self.wide(row, half), self.blank(2), self.wide(beside, half)])
                for row, beside in zip(*_even(*pair), strict=True)
            ]
            return [*lines, Strip.join([names[0], self.blank(2), names[1]]), *told]
        pair = [self._picture(result, width, high) for result in (one, other)]
        lines = []
        for row, beside in zip(*_even(*pair), strict=True):
            rows = [self.wide(strip, width) for strip in (row, beside)]
            lines.append(Strip.join([rows[0].crop(0, width // 2), rows[1].crop(width // 2, width)]))
        name = f"A #{one.number} │ B #{other.number}"
        return [*lines, self.strip([Part(name.center(width), "mark")], width), *told]

    def _picture(self, result: Result, width: int, room: int) -> list[Strip]:
        picture = self._whole(result)
        if picture is None:
            return [self.strip([Part(f" {text}", "muted")], width) for text in tile.instead(result)]
        columns, rows = fitted(picture.width, picture.height, width, room)
        left = self.blank((width - columns) // 2)
        return [Strip.join([left, strip]) for strip in quadrants(picture, columns, rows)] if rows else []

    def _whole(self, result: Result) -> Pixels | None:
        """The picture from its file where that can be read; until then, and if not, the thumbnail."""
        if result.file and result.file not in self._files:
            self._files[result.file] = None
            self.run_worker(lambda: self._read(result.file), thread=True, exit_on_error=False, group="pictures")
        return self._files.get(result.file) or result.picture

    def _read(self, file: str) -> None:
        from ..picture.file import read

        found = read(file)
        if found is not None:
            self.app.call_from_thread(self._have, file, found)

    def _have(self, file: str, found: Pixels) -> None:
        self._files[file] = found
        self.again()

    @property
    def _marked(self) -> Result | None:
        return next((one for one in self._all if one.number == self._a), None)

    def _before(self, result: Result) -> Result | None:
        """The result before it of the same graph that came out well."""
        same = [
            one for one in self._all if one.name == result.name and one.number < result.number and one.status == "done"
        ]
        return same[-1] if same else None

    def _named(self, result: Result | None) -> str:
        if result is None:
            return ""
        return f"A (#{result.number})" if result.number == self._a else f"#{result.number}"

    def _letter(self, result: Result) -> str:
        return "A" if result.number == self._a else "B" if self._a is not None and result is self.chosen else ""


def _even(one: list[Strip], other: list[Strip]) -> tuple[list[Strip], list[Strip]]:
    """Both with as many lines as the longer one."""
    most = max(len(one), len(other))
    return one + [Strip([])] * (most - len(one)), other + [Strip([])] * (most - len(other))
