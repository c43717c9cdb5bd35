"""Rectified flow: the straight way from data to noise, its time shifted towards noise for large pictures."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...errors import NodeError
from ..level import Level


@dataclass(frozen=True)
class Flow:
    """x_t = (1 - s) x_0 + s eps with s = shift t / (1 + (shift - 1) t) (Esser et al. 2024, eq. 23).

    A network trained on times t has shift 1, whatever the shift of the levels that it is asked at.
    """

    shift: float = 1.0
    t_min: float = 1e-3
    t_max: float = 1.0

    def __post_init__(self) -> None:
        if not self.shift > 0:
            raise NodeError(f"a shift of {self.shift:g}", "it is above 0; 1 shifts nothing")

    def level(self, t: float) -> Level:
        """The level at time t; clean data at 0, pure noise at 1."""
        below = 1 + (self.shift - 1) * t
        return Level(t, (1 - t) / below, self.shift * t / below)

    def at_log_snr(self, log_snr: float) -> Level:
        """The level of a log-SNR: sigma / alpha = shift t / (1 - t)."""
        if log_snr == -math.inf:
            return self.level(1.0)
        ratio = math.exp(-log_snr / 2)
        return Level(ratio / (self.shift + ratio), 1 / (1 + ratio), ratio / (1 + ratio))

    def drift(self, t: float) -> float:
        """d log alpha / dt; -inf at t = 1, where alpha is 0."""
        below = 1 + (self.shift - 1) * t
        return -self.shift / (below * (1 - t)) if t < 1 else -math.inf

    def diffusion(self, t: float) -> float:
        """g^2 = 2 sigma sigma' / alpha."""
        below = 1 + (self.shift - 1) * t
        return math.sqrt(2 * self.shift**2 * t / (below * below * (1 - t))) if t < 1 else math.inf


def shift_by_area(tokens: int, trained: int) -> float:
    """sqrt(tokens / trained): the shift for pictures larger than those trained on (Esser et al. 2024, eq. 23)."""
    return math.sqrt(tokens / trained)


def shift_by_length(tokens: int, least: int, most: int, low: float, high: float) -> float:
    """exp(mu), mu linear in the number of tokens from `low` at `least` to `high` at `most` (as FLUX.1 has it)."""
    return math.exp(low + (high - low) * (tokens - least) / (most - least))
