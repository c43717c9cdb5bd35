"""The noise schedules of discrete variance-preserving processes: beta_1 ... beta_T as plain floats."""

from __future__ import annotations

import math
from typing import Literal

Schedule = Literal["linear", "scaled_linear", "cosine", "sigmoid"]


def betas(schedule: Schedule, steps: int, start: float, end: float) -> list[float]:
    """beta_t for t = 0 ... steps - 1; `start` and `end` are not used by the cosine schedule."""
    if schedule == "linear":
        return linspace(start, end, steps)
    if schedule == "scaled_linear":
        return [root * root for root in linspace(math.sqrt(start), math.sqrt(end), steps)]
    if schedule == "sigmoid":
        return [start + (end - start) / (1 + math.exp(-u)) for u in linspace(-6, 6, steps)]
    return _cosine(steps)


def linspace(start: float, end: float, count: int) -> list[float]:
    """`count` numbers in equal distances, both ends exact."""
    if count == 1:
        return [start]
    width = (end - start) / (count - 1)
    return [start + index * width for index in range(count - 1)] + [end]


def _cosine(steps: int, largest: float = 0.999) -> list[float]:
    """Nichol & Dhariwal 2021, eq. 17; betas are clipped so that the last ones don't reach 1."""

    def alpha_bar(u: float) -> float:
        return math.cos((u + 0.008) / 1.008 * math.pi / 2) ** 2

    return [min(1 - alpha_bar((t + 1) / steps) / alpha_bar(t / steps), largest) for t in range(steps)]


def alphas_cumprod(values: list[float]) -> list[float]:
    """alpha-bar_t, the product of 1 - beta_s for s <= t (Ho et al. 2020)."""
    product, found = 1.0, []
    for beta in values:
        product *= 1 - beta
        found.append(product)
    return found


def rescale_to_zero_snr(alpha_bars: list[float]) -> list[float]:
    """Shift and scale sqrt(alpha-bar) so that the last one is 0 and the first stays (Lin et al. 2024, algorithm 1)."""
    roots = [math.sqrt(one) for one in alpha_bars]
    first, last = roots[0], roots[-1]
    return [((root - last) * first / (first - last)) ** 2 for root in roots]
