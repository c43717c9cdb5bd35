"""How far along its levels a walk is, told from the level at which a denoiser is asked."""

from __future__ import annotations

import math
from bisect import bisect_left

import noisegraph as ng


def progress(levels: ng.Levels, level: ng.Level) -> float:
    """0 where the first step asks, 1 where the last one asks; between them the steps are of equal length.

    The levels fall. A level between two of them counts by its angle, arctan(sigma / alpha); one beyond them as the end.
    """
    if levels.steps < 2:
        return 0.0
    angles = [-_angle(point) for point in levels[:-1]]
    asked = -_angle(level)
    index = bisect_left(angles, asked)
    if index in (0, len(angles)):
        return 0.0 if index == 0 else 1.0
    start, end = angles[index - 1 : index + 1]
    return (index - 1 + (asked - start) / (end - start)) / (len(angles) - 1)


def _angle(level: ng.Level) -> float:
    """Monotonous in the log-SNR, and finite at both of its ends."""
    return math.atan2(level.sigma, level.alpha)
