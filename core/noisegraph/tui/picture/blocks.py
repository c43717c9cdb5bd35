"""Pictures as coloured block characters: two pixels a cell, or four in the two colours that suit them best."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from rich.color import Color
from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

_QUADRANTS = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"
"""By which of a cell's quarters are in the foreground: 1 top left, 2 top right, 4 bottom left, 8 bottom right."""
_KEPT = 0xFCFCFC
"""Six bits of each colour are told apart, so that few styles are made."""


class Pixels(NamedTuple):
    """A picture: three bytes a pixel, row by row."""

    width: int
    height: int
    rgb: bytes


def fitted(width: int, height: int, columns: int, rows: int) -> tuple[int, int]:
    """The columns and rows of cells, twice as high as wide, that a picture fills without being distorted."""
    if not (width and height and columns > 0 and rows > 0):
        return 0, 0
    scale = min(columns / width, 2 * rows / height)
    return max(min(round(width * scale), columns), 1), max(min(round(height * scale / 2), rows), 1)


def halves(picture: Pixels, columns: int, rows: int) -> list[Strip]:
    """Two square pixels a cell, one above the other."""
    return _drawn(picture, columns, rows, 1, _half)


def quadrants(picture: Pixels, columns: int, rows: int) -> list[Strip]:
    """Four pixels a cell; they share two colours, the means of the brighter and of the darker ones."""
    return _drawn(picture, columns, rows, 2, _quadrant)


def _drawn(
    picture: Pixels, columns: int, rows: int, across: int, cell: Callable[[list[int], list[int], int], list[_Cell]]
) -> list[Strip]:
    picture = shrunk(picture, across * columns, 2 * rows)
    reds, greens, blues = picture.rgb[0::3], picture.rgb[1::3], picture.rgb[2::3]
    colours = [red << 16 | green << 8 | blue for red, green, blue in zip(reds, greens, blues, strict=True)]
    places = _sampled(picture.width, across * columns)
    lines = [
        [colours[start + place] for place in places]
        for start in (picture.width * row for row in _sampled(picture.height, 2 * rows))
    ]
    return [_strip(cell(lines[2 * row], lines[2 * row + 1], columns), columns) for row in range(rows)]


def shrunk(picture: Pixels, width: int, height: int) -> Pixels:
    """The picture in a whole fraction of its size, no smaller than asked for; each pixel the mean of a block."""
    across, down = max(picture.width // max(width, 1), 1), max(picture.height // max(height, 1), 1)
    if across == down == 1:
        return picture
    columns, rows, line, count = picture.width // across, picture.height // down, 3 * picture.width, across * down
    small = bytearray()
    for row in range(rows):
        start = row * down * line
        sums = [
            sum(one)
            for one in zip(*(picture.rgb[start + k * line : start + (k + 1) * line] for k in range(down)), strict=True)
        ]
        channels = [
            [
                sum(one) // count
                for one in zip(*(sums[channel + 3 * k :: 3 * across] for k in range(across)), strict=False)
            ]
            for channel in range(3)
        ]
        small += bytes(value for pixel in zip(*(one[:columns] for one in channels), strict=True) for value in pixel)
    return Pixels(columns, rows, bytes(small))


def _sampled(size: int, count: int) -> list[int]:
    """Which of `size` pixels stand for each of `count`."""
    return [(2 * index + 1) * size // (2 * count) for index in range(count)]


class _Cell(NamedTuple):
    text: str
    ink: int
    paper: int


def _half(upper: list[int], lower: list[int], columns: int) -> list[_Cell]:
    return [
        _Cell("▀", top & _KEPT, bottom & _KEPT) if top != bottom else _Cell(" ", 0, top & _KEPT)
        for top, bottom in zip(upper, lower, strict=True)
    ]


def _quadrant(upper: list[int], lower: list[int], columns: int) -> list[_Cell]:
    found = []
    for column in range(0, 2 * columns, 2):
        four = (upper[column], upper[column + 1], lower[column], lower[column + 1])
        if four[0] == four[1] == four[2] == four[3]:
            found.append(_Cell(" ", 0, four[0] & _KEPT))
        else:
            found.append(_two_coloured(four))
    return found


@lru_cache(maxsize=16384)
def _two_coloured(four: tuple[int, int, int, int]) -> _Cell:
    """The four pixels split where they are farthest apart in brightness."""
    lights = [2 * (colour >> 16) + 5 * (colour >> 8 & 255) + (colour & 255) for colour in four]
    middle = (min(lights) + max(lights)) / 2
    mask = sum(1 << index for index, light in enumerate(lights) if light > middle)
    if mask == 0:  # of different colours, but equally bright
        mask = sum(1 << index for index, colour in enumerate(four) if colour == four[0])
    ink = _mean([colour for index, colour in enumerate(four) if mask >> index & 1])
    paper = _mean([colour for index, colour in enumerate(four) if not mask >> index & 1])
    return _Cell(_QUADRANTS[mask], ink, paper)


def _mean(colours: list[int]) -> int:
    if len(colours) == 1:
        return colours[0] & _KEPT
    count = len(colours)
    red = sum(colour >> 16 for colour in colours) // count
    green = sum(colour >> 8 & 255 for colour in colours) // count
    blue = sum(colour & 255 for colour in colours) // count
    return (red << 16 | green << 8 | blue) & _KEPT


def _strip(cells: list[_Cell], columns: int) -> Strip:
    return Strip(_merged(cells), columns)


def _merged(cells: list[_Cell]) -> Iterator[Segment]:
    """Neighbours of the same colours as one piece."""
    for (ink, paper), run in groupby(cells, lambda cell: (cell.ink, cell.paper)):
        yield Segment("".join(cell.text for cell in run), _style(ink, paper))


@lru_cache(maxsize=65536)
def _style(ink: int, paper: int) -> Style:
    return Style(color=_colour(ink), bgcolor=_colour(paper))


@lru_cache(maxsize=4096)
def _colour(value: int) -> Color:
    return Color.from_triplet(ColorTriplet(value >> 16, value >> 8 & 255, value & 255))
