"""The variance-preserving process of DDPM: T indices, log-SNR linear in t between them."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

from ...errors import NodeError
from ..level import Level
from .betas import Schedule, alphas_cumprod, betas, rescale_to_zero_snr
from .preserving import alpha_of


@dataclass(frozen=True)
class DiscreteVP:
    """q(x_t | x_0) = N(sqrt(alpha-bar_t) x_0, (1 - alpha-bar_t) I) for t = 0 ... steps - 1 (Ho et al. 2020, eq. 4).

    `steps` is T. Clean data lie at t = -1. With `zero_snr` the last alpha is 0, where no epsilon network can be asked.
    """

    schedule: Schedule = "linear"
    steps: int = 1000
    beta_start: float = 0.0001
    beta_end: float = 0.02
    zero_snr: bool = False

    def __post_init__(self) -> None:
        if self.steps < 2:
            raise NodeError(f"a discrete process of {self.steps} steps", "give at least 2")
        if not 0 < self.beta_start <= self.beta_end < 1:
            raise NodeError(
                f"betas from {self.beta_start} to {self.beta_end}",
                "they lie between 0 and 1, beta_start below beta_end",
            )

    @cached_property
    def alphas_cumprod(self) -> tuple[float, ...]:
        """alpha-bar at every index."""
        found = alphas_cumprod(betas(self.schedule, self.steps, self.beta_start, self.beta_end))
        return tuple(rescale_to_zero_snr(found) if self.zero_snr else found)

    @cached_property
    def _falling(self) -> tuple[float, ...]:
        """-log-SNR at every index: rising, as bisection wants it."""
        return tuple(-Level(t, math.sqrt(a), math.sqrt(1 - a)).log_snr for t, a in enumerate(self.alphas_cumprod))

    @property
    def t_min(self) -> float:
        """Index 0, whose noise is the least that a network was trained on."""
        return 0.0

    @property
    def t_max(self) -> float:
        """The last index, T - 1."""
        return self.steps - 1.0

    def level(self, t: float) -> Level:
        """The level at index t, also between indices; clean data at t = -1."""
        if t == -1:
            return Level(-1.0, 1.0, 0.0)
        if not 0 <= t <= self.steps - 1:
            raise NodeError(f"time {t:g} is outside the process", f"its indices are 0 to {self.steps - 1}")
        index = int(t)
        if index == t:
            bar = self.alphas_cumprod[index]
            return Level(float(t), math.sqrt(bar), math.sqrt(1 - bar))
        start, end = self._falling[index : index + 2]
        if math.isinf(end):
            alpha = math.sqrt(self.alphas_cumprod[index]) * (index + 1 - t)
            return Level(t, alpha, math.sqrt(1 - alpha * alpha))
        return _preserving(t, -(start + (t - index) * (end - start)))

    def at_log_snr(self, log_snr: float) -> Level:
        """The level of exactly this log-SNR; beyond the table its t is the nearest index, clean data at infinity."""
        if log_snr == math.inf:
            return self.level(-1)
        falling = self._falling
        index = bisect_right(falling, -log_snr) - 1
        if index < 0:
            return _preserving(0.0, log_snr)
        if index >= self.steps - 1:
            return _preserving(self.t_max, log_snr)
        start, end = falling[index : index + 2]
        if math.isinf(end):
            return _preserving(index + 1 - alpha_of(log_snr) / math.sqrt(self.alphas_cumprod[index]), log_snr)
        return _preserving(index + (-log_snr - start) / (end - start), log_snr)

    def drift(self, t: float) -> float:
        """d log alpha / dt, with one index as the unit of t; at an index, the slope of the interval below it."""
        return -(self.diffusion(t) ** 2) / 2

    def diffusion(self, t: float) -> float:
        """g(t): g^2 = -sigma^2 d log-SNR/dt, as alpha^2 + sigma^2 = 1 (Kingma et al. 2021)."""
        index = max(math.ceil(t), 1)
        start, end = self._falling[index - 1 : index + 1]
        _, alpha, sigma = self.level(t)
        if math.isinf(end):
            return math.sqrt(2 / max(index - t, 1e-12))
        return math.sqrt(sigma * sigma * (end - start)) if alpha > 0 else math.inf


def _preserving(t: float, log_snr: float) -> Level:
    """alpha^2 = sigmoid(log_snr), sigma^2 = sigmoid(-log_snr)."""
    return Level(t, alpha_of(log_snr), alpha_of(-log_snr))
