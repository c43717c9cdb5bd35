"""The grid whose times follow a beta distribution: dense at both ends."""

from __future__ import annotations

import math
from typing import Annotated

import noisegraph as ng
from pydantic import Field

from .ends import End, Steps, count, ended

NEAR = 1e-8
Shape = Annotated[float, Field(gt=0, le=100)]


@ng.node(early=True)
def beta(process: ng.Process, *, steps: Steps = 20, a: Shape = 0.6, b: Shape = 0.6, end: End = "data") -> ng.Levels:
    """Times at even quantiles of a beta distribution (Lee et al. 2024): below 1 both ends get more steps.

    a: the first shape parameter.
    b: the second.
    """
    asked = count(steps, end)
    low, width = process.t_min, process.t_max - process.t_min
    last = asked if end == "data" else max(asked - 1, 1)
    times = [low + width * quantile(1 - index / last, a, b) for index in range(asked)]
    if isinstance(process, ng.DiscreteVP):
        times = [float(round(t)) for t in times]
    return ended([process.level(t) for t in times], process, end)


def quantile(share: float, a: float, b: float) -> float:
    """The x in [0, 1] with I_x(a, b) = share, by Newton's method, and by bisection where that leads out of bounds."""
    if share <= 0 or share >= 1:
        return float(share >= 1)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    low, high, x = 0.0, 1.0, 0.5
    for _ in range(100):
        beyond = incomplete(x, a, b) - share
        low, high = (low, x) if beyond > 0 else (x, high)
        density = math.exp(log_front + (a - 1) * math.log(x) + (b - 1) * math.log1p(-x))
        found = x - beyond / density if density > 0 else -1.0
        if abs(found - x) <= NEAR * x:  # the next step would be of the square
            return found
        x = found if low < found < high else (low + high) / 2
    return x


def incomplete(x: float, a: float, b: float) -> float:
    """The regularized incomplete beta function I_x(a, b), by its continued fraction (DLMF 8.17.22)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete(1 - x, b, a)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    fraction = 1.0
    for m in range(100, 0, -1):
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        fraction = 1 + even / (1 + odd / fraction)
    first = -(a + b) * x / (a + 1)
    return math.exp(log_front) / a / (1 + first / fraction)


NODES = (beta,)
