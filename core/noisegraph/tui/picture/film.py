"""The steps of a run below its picture: small pictures in a row, or dots where there is little room."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from .blocks import fitted
from .reel import Frame, Reel

_COLUMNS, _ROWS = 6, 3
"""Of a small picture."""
_PICTURES_FROM = 14
"""From this height of the pane on, steps stand as pictures."""
Cells = Callable[[Frame, int, int], list[Strip]]
"""A frame's picture in so many columns and rows."""


class Film(NamedTuple):
    """Which steps are seen, and where."""

    reel: Reel
    width: int
    height: int
    """Of the whole pane."""

    @property
    def rows(self) -> int:
        """How many lines it takes."""
        if len(self.reel.frames) < 2 or self.height < 4:
            return 0
        return _ROWS + 2 if self.height >= _PICTURES_FROM else 1

    @property
    def left(self) -> int:
        """Where it begins: it stands in the middle."""
        return max(self.width - len(self._shown) * self._each + (self._each > 1), 0) // 2

    def index_at(self, x: int) -> int | None:
        """The frame in that column; None where there is none."""
        index = self._shown.start + max(x - self.left, 0) // self._each
        return index if self.rows and index in self._shown else None

    def strips(self, cells: Cells, plain: Style, here: Style, there: Style) -> list[Strip]:
        """Its lines; the frame that is looked at stands out."""
        if not self.rows:
            return []
        seen = [(self.reel.frames[index], here if index == self.reel.index else there) for index in self._shown]
        if self.rows == 1:
            return [Strip([Segment("●" if style is here else "·", style) for _, style in seen])]
        thumbs = [_thumb(frame, cells, plain) for frame, _ in seen]
        gap = Strip([Segment(" ", plain)])
        lines = [Strip.join([part for thumb in thumbs for part in (thumb[row], gap)]) for row in range(_ROWS)]
        names = [
            Segment(("end" if frame.final else str(frame.step)).center(_COLUMNS) + " ", style) for frame, style in seen
        ]
        return [Strip([]), *lines, Strip(names)]

    @property
    def _each(self) -> int:
        return _COLUMNS + 1 if self.rows > 1 else 1

    @property
    def _shown(self) -> range:
        """The frames that are seen, around the one that is looked at."""
        count = max(min(self.width // self._each, len(self.reel.frames)), 1)
        first = min(max(self.reel.index - count // 2, 0), len(self.reel.frames) - count)
        return range(first, first + count)


def _thumb(frame: Frame, cells: Cells, plain: Style) -> list[Strip]:
    columns, rows = fitted(frame.picture.width, frame.picture.height, _COLUMNS, _ROWS)
    left = Strip.blank((_COLUMNS - columns) // 2, plain)
    lines = [Strip.join([left, strip]).extend_cell_length(_COLUMNS, plain) for strip in cells(frame, columns, rows)]
    return [*lines, *[Strip.blank(_COLUMNS, plain)] * (_ROWS - len(lines))]
