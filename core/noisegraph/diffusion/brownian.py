"""One Brownian motion per image, asked anywhere: the noise of stochastic solvers at any number of steps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .noise import normal

if TYPE_CHECKING:
    from torch import Tensor

DEPTH = 16
"""How often an octave is halved before the path is taken as straight."""
OCTAVES = 200
"""Clocks reach from 2^-OCTAVES to 2^OCTAVES; what lies outside is taken as its end."""


def brownian(seeds: Sequence[int], like: Tensor, start: float, end: float) -> Tensor:
    """(W(end) - W(start)) / sqrt(|end - start|), standard normal with the shape, dtype and device of `like`.

    W is one Brownian motion for each seed, by Lévy's bisection of every octave of the clock, so that increments over
    adjoining intervals add up. A solver's clock is any quantity > 0 that rises monotonously along its walk, such as
    the variance of its stochastic integral. Raises ValueError where start equals end.
    """
    if start == end:
        raise ValueError(f"a Brownian increment over an empty interval at {start:g}")
    low, high = sorted((start, end))
    (first, from_low), (last, to_high) = _place(low), _place(high)
    total = like.new_zeros(()) + _within(seeds, like, last, to_high) - _within(seeds, like, first, from_low)
    for octave in range(first, last):
        total = total + _octave(seeds, like, octave)
    return total * math.copysign(1 / math.sqrt(high - low), end - start)


def _place(clock: float) -> tuple[int, float]:
    """The octave that holds the clock, and the clock in it: 2^octave <= clock < 2^(octave + 1)."""
    bounded = min(max(clock, 2.0**-OCTAVES), 2.0**OCTAVES)
    mantissa, exponent = math.frexp(bounded)
    return exponent - 1, 2 * mantissa - 1


def _draw(seeds: Sequence[int], like: Tensor, octave: int, node: int) -> Tensor:
    return normal(seeds, like, "brownian", step=octave + OCTAVES, draw=node)


def _octave(seeds: Sequence[int], like: Tensor, octave: int) -> Tensor:
    """W(2^(octave + 1)) - W(2^octave)."""
    return math.sqrt(2.0**octave) * _draw(seeds, like, octave, 0)


def _within(seeds: Sequence[int], like: Tensor, octave: int, fraction: float) -> Tensor | float:
    """W - W(2^octave) at a fraction of the octave: nodes of the bisection are numbered as in a heap."""
    if fraction == 0:
        return 0.0
    low: Tensor | float = 0.0
    high: Tensor | float = _octave(seeds, like, octave)
    width, node = 1.0, 1
    for _ in range(DEPTH):
        middle = (low + high) / 2 + math.sqrt(2.0**octave * width / 4) * _draw(seeds, like, octave, node)
        width, fraction = width / 2, fraction * 2
        if fraction == 1:
            return middle
        if fraction < 1:
            high, node = middle, 2 * node
        else:
            low, fraction, node = middle, fraction - 1, 2 * node + 1
    return low + fraction * (high - low)
