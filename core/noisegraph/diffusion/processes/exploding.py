"""The processes whose signal stays while the noise grows: geometric VE, and EDM's sigma as time."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...errors import NodeError
from ..level import Level


@dataclass(frozen=True)
class GeometricVE:
    """The variance-exploding SDE with sigma(t) = sigma_min (sigma_max / sigma_min)^t (Song et al. 2021, eq. 30)."""

    sigma_min: float = 0.01
    sigma_max: float = 50.0
    t_min: float = 1e-5
    t_max: float = 1.0

    def __post_init__(self) -> None:
        _check(self.sigma_min, self.sigma_max)

    @property
    def _rate(self) -> float:
        return math.log(self.sigma_max / self.sigma_min)

    def level(self, t: float) -> Level:
        """The level at time t."""
        return Level(t, 1.0, self.sigma_min * math.exp(t * self._rate))

    def at_log_snr(self, log_snr: float) -> Level:
        """The level of a log-SNR; clean data has t = 0, as any sigma below sigma_min."""
        sigma = math.exp(-log_snr / 2)
        return Level(max(math.log(sigma / self.sigma_min) / self._rate, 0.0) if sigma > 0 else 0.0, 1.0, sigma)

    def drift(self, t: float) -> float:
        """0: the signal stays."""
        return 0.0

    def diffusion(self, t: float) -> float:
        """sigma(t) sqrt(2 log(sigma_max / sigma_min))."""
        return self.level(t).sigma * math.sqrt(2 * self._rate)


@dataclass(frozen=True)
class EDM:
    """x_t = x_0 + t eps: sigma itself is the time (Karras et al. 2022, table 1)."""

    sigma_min: float = 0.002
    sigma_max: float = 80.0

    def __post_init__(self) -> None:
        _check(self.sigma_min, self.sigma_max)

    @property
    def t_min(self) -> float:
        """sigma_min."""
        return self.sigma_min

    @property
    def t_max(self) -> float:
        """sigma_max."""
        return self.sigma_max

    def level(self, t: float) -> Level:
        """The level at sigma = t; clean data at 0."""
        return Level(t, 1.0, t)

    def at_log_snr(self, log_snr: float) -> Level:
        """The level of a log-SNR."""
        return self.level(math.exp(-log_snr / 2))

    def drift(self, t: float) -> float:
        """0: the signal stays."""
        return 0.0

    def diffusion(self, t: float) -> float:
        """sqrt(2 t)."""
        return math.sqrt(2 * t)


def _check(sigma_min: float, sigma_max: float) -> None:
    if not 0 < sigma_min < sigma_max:
        raise NodeError(f"sigma from {sigma_min:g} to {sigma_max:g}", "sigma_min is above 0 and below sigma_max")
