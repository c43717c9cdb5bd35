"""The order of a method, measured: the slope of log error over log step."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

FLOOR = 2e-11
"""Errors below are rounding, not the method's."""


@dataclass(frozen=True)
class Measured:
    """The slope fitted to the errors that were measured at these numbers of steps."""

    order: float
    counts: tuple[int, ...]
    errors: tuple[float, ...]

    def __str__(self) -> str:
        shown = ", ".join(f"{error:.2e} at {count}" for count, error in zip(self.counts, self.errors, strict=True))
        return f"(errors {shown} steps)"


def measured_order(error: Callable[[int], float], counts: Sequence[int], last: int = 3) -> Measured:
    """The order over the `last` numbers of steps whose errors lie above rounding; inf where too few do."""
    errors = [error(count) for count in counts]
    usable = [(count, e) for count, e in zip(counts, errors, strict=True) if e > FLOOR][-last:]
    return Measured(_slope(usable), tuple(counts), tuple(errors))


def _slope(points: Sequence[tuple[int, float]]) -> float:
    """Minus the slope of the line nearest to (log count, log error)."""
    if len(points) < 2:
        return math.inf
    x = [math.log(count) for count, _ in points]
    y = [math.log(error) if math.isfinite(error) else math.inf for _, error in points]
    middle, height = sum(x) / len(x), sum(y) / len(y)
    top = sum((a - middle) * (b - height) for a, b in zip(x, y, strict=True))
    return -top / sum((a - middle) ** 2 for a in x)
