"""What pictures the terminal can show: asked once before the interface starts, and only of a real terminal."""

from __future__ import annotations

import os
import re
import select
import time
from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

Graphics: TypeAlias = Literal["kitty", "sixel", "blocks", "none"]
CHOICES = ("auto", "kitty", "sixel", "blocks", "none")
PATIENCE = 0.1
"""Seconds that the terminal has for its answer."""
QUERY = b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\" + b"\x1b[16t" + b"\x1b[c"
"""Kitty graphics? How large is a cell? What are you? Every terminal answers the last, so that one need not wait."""
_LAST = re.compile(rb"\x1b\[\?([\d;]*)c")
_SIXEL = b"4"


class Terminal(NamedTuple):
    """The best way to show a picture, and a cell's size in pixels, 0 where unknown."""

    graphics: Graphics = "blocks"
    cell_width: int = 0
    cell_height: int = 0


def detect(choice: str = "auto", environment: Mapping[str, str] = os.environ) -> Terminal:
    """What the user chose, or what the terminal says of itself; blocks of colour where it says nothing."""
    if choice in ("kitty", "sixel", "blocks", "none"):
        return Terminal(choice)  # type: ignore[arg-type]
    if environment.get("NO_COLOR") or environment.get("TERM") in ("dumb", "linux") or not _real():
        return Terminal()
    return understood(_asked(), multiplexed=bool(environment.get("TMUX") or environment.get("STY")))


def understood(answer: bytes, multiplexed: bool = False) -> Terminal:
    """What an answer means; a multiplexer passes no kitty graphics on, though its terminal may know them."""
    size = re.search(rb"\x1b\[6;(\d+);(\d+)t", answer)
    height, width = (int(size[1]), int(size[2])) if size else (0, 0)
    attributes = _LAST.search(answer)
    graphics: Graphics = "blocks"
    if attributes and _SIXEL in attributes[1].split(b";"):
        graphics = "sixel"
    if b"\x1b_Gi=31;OK" in answer and not multiplexed:
        graphics = "kitty"
    return Terminal(graphics, width, height)


def _real() -> bool:
    return os.isatty(0) and os.isatty(1)


def _asked() -> bytes:
    """The terminal's answer; whatever else was typed meanwhile is lost, so one waits no longer than needed."""
    try:
        import termios
        import tty
    except ImportError:  # no such terminals here
        return b""
    read, write = 0, 1
    try:
        before = termios.tcgetattr(read)
    except termios.error:
        return b""
    try:
        tty.setcbreak(read)
        os.write(write, QUERY)
        return _answer(read)
    except (OSError, termios.error):
        return b""
    finally:
        termios.tcsetattr(read, termios.TCSANOW, before)


def _answer(descriptor: int) -> bytes:
    answer, until = b"", time.monotonic() + PATIENCE
    while not _LAST.search(answer):
        left = until - time.monotonic()
        if left <= 0 or not select.select([descriptor], [], [], left)[0]:
            break
        answer += os.read(descriptor, 1024)
    return answer
