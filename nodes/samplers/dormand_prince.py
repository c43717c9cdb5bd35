"""Dormand and Prince's embedded Runge-Kutta pair of orders 5 and 4, and how its steps keep to a tolerance."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import noisegraph as ng

Slope = Callable[[float, ng.Tensor], ng.Tensor]
NODES = (0.0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1.0)
ROWS: tuple[tuple[float, ...], ...] = (
    (),
    (1 / 5,),
    (3 / 40, 9 / 40),
    (44 / 45, -56 / 15, 32 / 9),
    (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
    (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
)
WEIGHTS = (35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84)
ERRORS = (-71 / 57600, 0.0, 71 / 16695, -71 / 1920, 17253 / 339200, -22 / 525, 1 / 40)
"""What the two orders differ by; the last is for the slope at the step's end."""
SAFETY, LEAST, MOST = 0.9, 0.2, 10.0
EXPONENT = -1 / 5


class Tolerance(NamedTuple):
    """An error is allowed up to atol + rtol |y|, in the root mean square over an image, or over the batch together."""

    rtol: float
    atol: float
    together: bool

    def norm(self, scaled: ng.Tensor) -> float:
        """The error in units of what is allowed."""
        each = scaled.flatten(1).square().mean(1)
        return float((each.mean() if self.together else each.max()).sqrt())

    def scale(self, y: ng.Tensor) -> ng.Tensor:
        """What is allowed at |y|."""
        return self.atol + self.rtol * y


def integrate(
    slope: Slope, start: float, end: float, y: ng.Tensor, tolerance: Tolerance, width: float | None
) -> tuple[ng.Tensor, float]:
    """y at `end`, and the width of the step that would be tried next; `width` is that of the call before, or None.

    Raises NodeError where the tolerance asks for steps too small to be told apart.
    """
    direction = 1.0 if end > start else -1.0
    at, first = start, slope(start, y)
    if width is None:
        width = _first_width(slope, at, y, first, direction, abs(end - start), tolerance)
    while at != end:
        rejected = False
        while True:
            if width < 1e-14 * max(abs(at), 1e-3):
                raise ng.NodeError(f"the tolerance cannot be reached at {at:g}", "loosen rtol or atol, or use float64")
            ahead = at + direction * width
            ahead = end if direction * (ahead - end) > 0 else ahead
            width = abs(ahead - at)
            found, last, error = _step(slope, at, ahead, y, first, tolerance)
            if error < 1:
                break
            width, rejected = width * max(LEAST, SAFETY * error**EXPONENT), True
        growth = MOST if error == 0 else min(MOST, SAFETY * error**EXPONENT)
        width *= min(1.0, growth) if rejected else growth
        at, y, first = ahead, found, last
    return y, width


def _step(
    slope: Slope, at: float, ahead: float, y: ng.Tensor, first: ng.Tensor, tolerance: Tolerance
) -> tuple[ng.Tensor, ng.Tensor, float]:
    h = ahead - at
    slopes = [first]
    for node, row in zip(NODES[1:], ROWS[1:], strict=True):
        slopes.append(slope(at + node * h, y + h * _summed(row, slopes)))
    found = y + h * _summed(WEIGHTS, slopes)
    slopes.append(slope(ahead, found))
    error = h * _summed(ERRORS, slopes)
    return found, slopes[-1], tolerance.norm(error / tolerance.scale(y.abs().maximum(found.abs())))


def _summed(weights: tuple[float, ...], slopes: list[ng.Tensor]) -> ng.Tensor:
    total = weights[0] * slopes[0]
    for weight, one in zip(weights[1:], slopes[1:], strict=True):
        total = total + weight * one
    return total


def _first_width(
    slope: Slope, at: float, y: ng.Tensor, first: ng.Tensor, direction: float, interval: float, tolerance: Tolerance
) -> float:
    """A width whose Euler step errs by about 1 % (Hairer, Norsett & Wanner 1993, section II.4)."""
    scale = tolerance.scale(y.abs())
    size, speed = tolerance.norm(y / scale), tolerance.norm(first / scale)
    trial = min(1e-6 if size < 1e-5 or speed < 1e-5 else 0.01 * size / speed, interval)
    second = slope(at + trial * direction, y + trial * direction * first)
    bend = tolerance.norm((second - first) / scale) / trial
    flat = speed <= 1e-15 and bend <= 1e-15
    width = max(1e-6, trial * 1e-3) if flat else (0.01 / max(speed, bend)) ** (1 / 5)
    return min(100 * trial, width, interval)
