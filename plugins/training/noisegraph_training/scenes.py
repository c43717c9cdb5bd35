"""Scenes of two handwritten digits, with words that say how they stand and a layout that says where."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import noisegraph as ng

from .batches import random_of
from .examples import Captioned, Examples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator
    from torch import Tensor

SIDE, DIGIT, CELL = 16, 8, 2
"""Pixels of a scene, of a digit, and of a cell of the layout."""
NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
RELATIONS = {"left of": (0, 1), "right of": (1, 0), "above": (0, 1), "below": (1, 0)}
"""Which digit the words name first, and which second; the first two of the relations are of digits in a row."""


class Scenes(NamedTuple):
    """Pictures of two digits."""

    examples: Captioned
    layout: ng.Condition
    """`concat`: 1 where a digit of that class stands, [scenes, classes, 8, 8]: a cell is two pixels wide."""


class _Place(NamedTuple):
    """Where a digit stands, in cells."""

    top: int
    left: int


def scenes(digits: Examples, count: int, seed: int) -> Scenes:
    """`count` scenes of two of `digits` each, as a function of the seed alone."""
    import torch

    random = random_of(seed, 0)
    ink = torch.full((count, 1, SIDE, SIDE), -1.0)
    layout = torch.zeros(count, digits.classes, SIDE // CELL, SIDE // CELL)
    captions = []
    for index in range(count):
        rows = [int(row) for row in random.integers(len(digits.data), size=2)]
        relation = list(RELATIONS)[int(random.integers(len(RELATIONS)))]
        for row, place in zip(rows, _places(random, relation), strict=True):
            _put(digits.data[row], ink[index], place, CELL)
            _put(torch.ones(1, DIGIT // CELL, DIGIT // CELL), layout[index, digits.labels[row]][None], place, 1)
        captions.append(_caption([int(digits.labels[row]) for row in rows], relation))
    pixels = ((ink + 1) * 127.5).round().clamp(0, 255).byte().expand(-1, 3, -1, -1).contiguous()
    name = f"{count} scenes of two digits from: {digits.name}"
    return Scenes(Captioned(pixels, captions, name, digits.licence), ng.Condition({"concat": layout}))


def _places(random: Generator, relation: str) -> tuple[_Place, _Place]:
    """The place of the left or upper digit, then of the other; across the row or column they are shifted at will."""
    far = DIGIT // CELL
    shifts = [int(shift) for shift in random.integers(far + 1, size=2)]
    if relation in ("left of", "right of"):
        return _Place(shifts[0], 0), _Place(shifts[1], far)
    return _Place(0, shifts[0]), _Place(far, shifts[1])


def _put(what: Tensor, on: Tensor, place: _Place, cell: int) -> None:
    """Lay a picture [1, side, side] on a larger one, at a place in cells of so many pixels."""
    side = what.shape[-1]
    top, left = place.top * cell, place.left * cell
    on[:, top : top + side, left : left + side] = what


def _caption(labels: Sequence[int], relation: str) -> str:
    first, second = (NAMES[labels[index]] for index in RELATIONS[relation])
    return f"{first} {relation} {second}"
