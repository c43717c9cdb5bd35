"""One Brownian motion per image, asked anywhere: the noise of stochastic solvers at any number of steps."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from .noise import rows
from .onto import onto

if TYPE_CHECKING:
    from torch import Tensor

DEPTH = 14
"""How often an octave is halved; within one of the cells that are left, a clock depends on its two ends alone."""
MARGIN = 2
"""How often more, for two clocks in one cell: so many halvings beyond the one that parts them."""
MOST = 52
"""More halvings than a float's fraction has bits would part nothing."""
OCTAVES = 200
"""Clocks reach from 2^-OCTAVES to 2^OCTAVES; what lies outside is taken as its end."""


def brownian(seeds: Sequence[int], like: Tensor, start: float, end: float) -> Tensor:
    """(W(end) - W(start)) / sqrt(|end - start|), standard normal with the shape, dtype and device of `like`.

    W is one Brownian motion for each seed, by Lévy's bisection of every octave of the clock, so that increments over
    adjoining intervals add up; nearly so, where they are shorter than 2^-DEPTH of an octave. A solver's clock is any
    quantity > 0 that rises monotonously along its walk, such as the variance of its stochastic integral. Raises
    ValueError where start equals end, or without one seed a row.
    """
    if start == end:
        raise ValueError(f"a Brownian increment over an empty interval at {start:g}")
    if len(seeds) != like.shape[0]:
        raise ValueError(f"{len(seeds)} seeds for a batch of {like.shape[0]}; give one seed an image")
    low, high = sorted((start, end))
    (first, from_low), (last, to_high) = _place(low), _place(high)
    drawn = tuple(seeds), tuple(like.shape[1:]), _depth(to_high - from_low if first == last else 1.0)
    total = _within(*drawn, last, to_high) - _within(*drawn, first, from_low)
    for octave in range(first, last):
        total = total + _octave(*drawn[:2], octave)
    return onto(total * math.copysign(1 / math.sqrt(high - low), end - start), like.device, like.dtype)


def _place(clock: float) -> tuple[int, float]:
    """The octave that holds the clock, and where in it: clock = 2^octave (1 + fraction)."""
    mantissa, exponent = math.frexp(min(max(clock, 2.0**-OCTAVES), 2.0**OCTAVES))
    return exponent - 1, 2 * mantissa - 1


def _depth(gap: float) -> int:
    """Enough halvings of an octave that two clocks, a fraction of it apart, are not in one cell."""
    return DEPTH if gap >= 2.0**-DEPTH else min(MARGIN - math.frexp(gap)[1] + 1, MOST)


def _octave(seeds: Sequence[int], shape: tuple[int, ...], octave: int) -> Tensor:
    """W(2^(octave + 1)) - W(2^octave)."""
    return math.sqrt(2.0**octave) * rows(seeds, shape, "brownian", octave + OCTAVES)


# A step begins where the one before it ended, so that the last few values are asked for again.
@lru_cache(maxsize=4)
def _within(seeds: tuple[int, ...], shape: tuple[int, ...], depth: int, octave: int, fraction: float) -> Tensor:
    """W - W(2^octave) at a fraction of the octave: nodes of the bisection are numbered as in a heap."""
    high = _octave(seeds, shape, octave)
    low, width, place, node = high * 0, 2.0**octave, fraction, 1
    if fraction == 0:
        return low
    for _ in range(depth):
        middle = (low + high) / 2 + math.sqrt(width / 4) * rows(seeds, shape, "brownian", octave + OCTAVES, node)
        width, place = width / 2, place * 2
        if place == 1:
            return middle
        if place < 1:
            high, node = middle, 2 * node
        else:
            low, place, node = middle, place - 1, 2 * node + 1
    inside = math.sqrt(width * place * (1 - place))
    return low + place * (high - low) + inside * rows(seeds, shape, "brownian cell", octave + OCTAVES, _bits(fraction))


def _bits(number: float) -> int:
    """The float's own bits, which tell every clock from every other."""
    return int(struct.unpack("<Q", struct.pack("<d", number))[0])
