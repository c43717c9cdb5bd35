"""One result as it stands among others: a small picture with its number, or a line."""

from __future__ import annotations

import textwrap
import time

from ...quantities import duration
from ..graph.words import Part, fitted, short
from ..picture.blocks import fitted as filled
from .result import Result

WIDTH, HEIGHT = 16, 7
"""Columns and lines of a tile: six lines of picture, one of words."""
PICTURE = WIDTH - 4, HEIGHT - 1
_SHAPES = {"done": "●", "failed": "✖", "refused": "✖", "lost": "✖", "cancelled": "⊘"}


def shape(result: Result) -> Part:
    """How the run went."""
    kind = "done" if result.status == "done" else "cancelled" if result.status == "cancelled" else "failed"
    return Part(_SHAPES.get(result.status, "·"), kind)


def caption(result: Result, letter: str = "") -> list[Part]:
    """Below the picture: star, number, seed."""
    star = Part("★", "star") if result.starred else shape(result)
    told = f" {short(result.seed)}" if result.seed is not None else ""
    mark = [Part(f" {letter}", "mark")] if letter else []
    return fitted([star, Part(f" #{result.number}", "strong"), *mark, Part(told, "muted")], WIDTH - 3)


def cells(result: Result) -> tuple[int, int]:
    """The columns and lines that the thumbnail fills in a tile."""
    return filled(result.width, result.height, *PICTURE)


def instead(result: Result) -> list[str]:
    """What stands where there is no picture."""
    told = result.output or "no picture" if result.status == "done" else result.message or result.status
    return textwrap.wrap(told, PICTURE[0])[:4]


def line(result: Result, changed: str, letter: str, width: int) -> list[Part]:
    """A line of the list: when, which, how long, with what seed, and what was changed since the one before."""
    star = Part("★ " if result.starred else "  ", "star")
    told = [
        star,
        Part(f"{time.strftime('%H:%M:%S', time.localtime(result.time))} ", "muted"),
        shape(result),
        Part(f" #{result.number:<4} ", "strong"),
        Part(f"{letter:<2}", "mark"),
        *fitted([Part(result.name.removesuffix(".json"))], 14 if width >= 70 else 8),
        Part(f" {duration(result.seconds):>9} ", "muted"),
    ]
    if result.status != "done":
        return fitted([*told, Part(f"{result.status.upper()} {result.message}", "failed")], width)
    return fitted([*told, Part(changed or "as before", "" if changed else "muted")], width)
