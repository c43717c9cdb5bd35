"""The continuous processes whose signal fades: VP and sub-VP of Song et al. 2021."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...errors import NodeError
from ..level import Level


def alpha_of(log_snr: float) -> float:
    """The alpha of alpha^2 + sigma^2 = 1 at a log-SNR: sqrt(sigmoid(log_snr)), without overflow at either end."""
    if log_snr >= 0:
        return 1 / math.sqrt(1 + math.exp(-log_snr))
    return math.exp(log_snr / 2) / math.sqrt(1 + math.exp(log_snr))


@dataclass(frozen=True)
class _LinearBeta:
    """beta(t) = beta_min + t (beta_max - beta_min) on 0 <= t <= 1, log alpha(t) = -1/2 of its integral."""

    beta_min: float = 0.1
    beta_max: float = 20.0
    t_min: float = 1e-3
    t_max: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.beta_min <= self.beta_max:
            raise NodeError(
                f"beta from {self.beta_min:g} to {self.beta_max:g}", "both are above 0, beta_min the smaller"
            )
        if not 0 < self.t_min < self.t_max:
            raise NodeError(f"times from {self.t_min:g} to {self.t_max:g}", "t_min is above 0 and below t_max")

    def beta(self, t: float) -> float:
        """beta(t)."""
        return self.beta_min + t * (self.beta_max - self.beta_min)

    def log_alpha(self, t: float) -> float:
        """-(beta_max - beta_min) t^2 / 4 - beta_min t / 2 (Song et al. 2021, eq. 29)."""
        return -t * (t * (self.beta_max - self.beta_min) / 4 + self.beta_min / 2)

    def drift(self, t: float) -> float:
        """-beta(t) / 2."""
        return -self.beta(t) / 2

    def _time(self, log_alpha: float) -> float:
        """The inverse of `log_alpha`, in the form of the quadratic's root that does not cancel."""
        half = self.beta_min / 2
        return -2 * log_alpha / (half + math.sqrt(half * half - log_alpha * (self.beta_max - self.beta_min)))


@dataclass(frozen=True)
class ContinuousVP(_LinearBeta):
    """The variance-preserving SDE (Song et al. 2021, eq. 11): the limit of DDPM's linear betas."""

    def level(self, t: float) -> Level:
        """The level at time t; clean data at 0."""
        log_alpha = self.log_alpha(t)
        return Level(t, math.exp(log_alpha), math.sqrt(-math.expm1(2 * log_alpha)))

    def at_log_snr(self, log_snr: float) -> Level:
        """The level of a log-SNR."""
        if log_snr == -math.inf:
            return Level(math.inf, 0.0, 1.0)
        spread = math.log1p(math.exp(-abs(log_snr))) + max(-log_snr, 0.0)
        return Level(self._time(-spread / 2), alpha_of(log_snr), alpha_of(-log_snr))

    def diffusion(self, t: float) -> float:
        """sqrt(beta(t))."""
        return math.sqrt(self.beta(t))


@dataclass(frozen=True)
class SubVP(_LinearBeta):
    """The sub-variance-preserving SDE (Song et al. 2021, eq. 13): VP's signal under less noise, sigma = 1 - alpha^2."""

    def level(self, t: float) -> Level:
        """The level at time t; clean data at 0."""
        log_alpha = self.log_alpha(t)
        return Level(t, math.exp(log_alpha), -math.expm1(2 * log_alpha))

    def at_log_snr(self, log_snr: float) -> Level:
        """The level of a log-SNR: alpha^2 + r alpha = 1 where r is sigma / alpha."""
        if log_snr == -math.inf:
            return Level(math.inf, 0.0, 1.0)
        ratio = math.exp(-log_snr / 2)
        alpha = 2 / (ratio + math.sqrt(ratio * ratio + 4))
        sigma = ratio * alpha
        return Level(self._time(math.log1p(-sigma) / 2 if sigma < 0.5 else math.log(alpha)), alpha, sigma)

    def diffusion(self, t: float) -> float:
        """g^2 = beta(t) (1 - alpha^4)."""
        return math.sqrt(-self.beta(t) * math.expm1(4 * self.log_alpha(t)))
