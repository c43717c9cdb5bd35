"""Pictures by kitty's graphics protocol: sent once, and from then on shown wherever its placeholder cells are drawn.

https://sw.kovidgoyal.net/kitty/graphics-protocol/#unicode-placeholders
"""

from __future__ import annotations

import base64
from collections.abc import Iterator

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

_CHUNK = 4096
_PLACEHOLDER = "\U0010eeee"
_ROWS = (
    "0305 030d 030e 0310 0312 033d 033e 033f 0346 034a 034b 034c 0350 0351 0352 0357 035b 0363 0364 0365 "
    "0366 0367 0368 0369 036a 036b 036c 036d 036e 036f 0483 0484 0485 0486 0487 0592 0593 0594 0595 0597 "
    "0598 0599 059c 059d 059e 059f 05a0 05a1 05a8 05a9 05ab 05ac 05af 05c4"
)
ROWS = "".join(chr(int(code, 16)) for code in _ROWS.split())
"""The marks that number the rows; pictures have no more."""


def sent(png: bytes, number: int, columns: int, rows: int) -> Iterator[str]:
    """What to write to the terminal so that it has the picture, and shows it in so many cells."""
    data = base64.b64encode(png).decode()
    chunks = [data[start : start + _CHUNK] for start in range(0, len(data), _CHUNK)]
    for index, chunk in enumerate(chunks):
        more = int(index + 1 < len(chunks))
        keys = f"a=T,U=1,f=100,i={number},c={columns},r={rows},q=2,m={more}" if index == 0 else f"q=2,m={more}"
        yield f"\x1b_G{keys};{chunk}\x1b\\"


def forgotten(number: int) -> str:
    """What to write so that the terminal gives the picture's memory back."""
    return f"\x1b_Ga=d,d=I,i={number},q=2\x1b\\"


def placeholders(number: int, columns: int, rows: int) -> list[Strip]:
    """The cells that show the picture: its number is their colour, a mark tells the row, columns count up."""
    style = Style(color=Color.from_rgb(number >> 16 & 255, number >> 8 & 255, number & 255))
    return [
        Strip([Segment(f"{_PLACEHOLDER}{ROWS[row]}{ROWS[0]}" + _PLACEHOLDER * (columns - 1), style)], columns)
        for row in range(rows)
    ]
