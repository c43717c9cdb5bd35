"""How much each word of a prompt counts: `(word:1.2)`, `((word))`, `[word]`, escapes and BREAK, as A1111 reads them."""

from __future__ import annotations

import re
from typing import NamedTuple

UP, DOWN = 1.1, 1 / 1.1
LARGEST = 1e4
"""A weight that no one means any more; those beyond are cut to it."""
_SIGNS = re.compile(
    r"\\[()\[\]\\]|\\|\(|\[|:\s*([+-]?(?:\d{1,9}(?:\.\d*)?|\.\d+))\s*\)|\)|]|[^\\()\[\]:]+|:",
    re.DOTALL,
)
_BREAK = re.compile(r"\s*\bBREAK\b\s*")


class Piece(NamedTuple):
    """Words and their weight; `breaks`: a new chunk begins after them."""

    text: str
    weight: float = 1.0
    breaks: bool = False


def pieces(text: str) -> list[Piece]:
    """A text by its weights, neighbours of the same weight in one; what no bracket closes counts to the end.

    Never raises; a text without words is one empty piece.
    """
    found: list[tuple[str, float]] = []
    opened: list[tuple[int, float]] = []
    for sign in _SIGNS.finditer(text):
        word = sign[0]
        if word in ("(", "["):
            opened.append((len(found), UP if word == "(" else DOWN))
        elif sign[1] is not None and opened and opened[-1][1] == UP:
            _weigh(found, opened.pop()[0], float(sign[1]))
        elif word in (")", "]") and opened and (opened[-1][1] == UP) == (word == ")"):
            _weigh(found, *opened.pop())
        elif len(word) == 2 and word[0] == "\\":
            found.append((word[1], 1.0))
        else:
            found += _broken(word)
    for start, factor in reversed(opened):
        _weigh(found, start, factor)
    return _merged(found)


def _broken(word: str) -> list[tuple[str, float]]:
    parts = _BREAK.split(word)
    marked = [(part, 1.0) for part in parts]
    for number in range(len(parts) - 1, 0, -1):
        marked.insert(number, ("", -1.0))
    return [one for one in marked if one[0] or one[1] == -1.0]


def _weigh(found: list[tuple[str, float]], start: int, factor: float) -> None:
    for number in range(start, len(found)):
        text, weight = found[number]
        if text:
            found[number] = text, min(max(weight * factor, -LARGEST), LARGEST)


def _merged(found: list[tuple[str, float]]) -> list[Piece]:
    made: list[Piece] = []
    for text, weight in found:
        if not text:
            made.append(made.pop()._replace(breaks=True) if made and not made[-1].breaks else Piece("", 1.0, True))
        elif made and not made[-1].breaks and made[-1].weight == weight:
            made.append(Piece(made.pop().text + text, weight))
        else:
            made.append(Piece(text, weight))
    return made or [Piece("")]


def escaped(text: str) -> str:
    """A text whose brackets and backslashes are plain characters in a prompt."""
    return re.sub(r"([()\[\]\\])", r"\\\1", text)


def shown(found: list[Piece]) -> list[tuple[str, str]]:
    """The pieces as rows for people: weight, words."""
    return [(f"{piece.weight:.3g}", piece.text + (" BREAK" if piece.breaks else "")) for piece in found]
