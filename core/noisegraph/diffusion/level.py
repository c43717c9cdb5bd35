"""One noise level of a process, and the grid of levels that a sampler walks; float64, without torch."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol, overload

if TYPE_CHECKING:
    from torch import Tensor


class Level(NamedTuple):
    """x_t = alpha x_0 + sigma eps, at time t (in the process's own unit: an index for discrete ones)."""

    t: float
    alpha: float
    sigma: float

    @property
    def log_snr(self) -> float:
        """log(alpha^2 / sigma^2): inf at clean data, -inf where no signal is left (Kingma et al. 2021)."""
        if self.sigma <= 0:
            return math.inf
        if self.alpha <= 0:
            return -math.inf
        return 2 * (math.log(self.alpha) - math.log(self.sigma))

    @property
    def ratio(self) -> float:
        """sigma / alpha, the noise of x / alpha (EDM's sigma): 0 at clean data, inf where no signal is left."""
        return self.sigma / self.alpha if self.alpha > 0 else math.inf


class Process(Protocol):
    """The forward process x_t = alpha(t) x_0 + sigma(t) eps and its SDE dx = drift(t) x dt + diffusion(t) dw."""

    @property
    def t_min(self) -> float:
        """The time nearest to data at which a network is asked."""

    @property
    def t_max(self) -> float:
        """The time at which sampling begins."""

    def level(self, t: float) -> Level:
        """The level at time t, t_min <= t <= t_max; interpolated between the indices of a discrete process."""

    def at_log_snr(self, log_snr: float) -> Level:
        """The level with the given log(alpha^2/sigma^2): the inverse of `level(t).log_snr`; clean data at infinity."""

    def drift(self, t: float) -> float:
        """f(t) = d log alpha / dt (Song et al. 2021, eq. 5)."""

    def diffusion(self, t: float) -> float:
        """g(t) >= 0, g^2 = d sigma^2/dt - 2 f sigma^2 (Song et al. 2021, eq. 5)."""


def noised(x0: Tensor, noise: Tensor, level: Level) -> Tensor:
    """x_t = alpha x_0 + sigma noise: data brought forward to a level."""
    return level.alpha * x0 + level.sigma * noise


def at_ratio(process: Process, ratio: float) -> Level:
    """The process's level with the given sigma / alpha; clean data at 0."""
    return process.at_log_snr(-2 * math.log(ratio) if ratio > 0 else math.inf)


@dataclass(frozen=True)
class Levels:
    """The grid that a sampler walks from noise to data: n + 1 points for n steps, and the process they are of."""

    points: tuple[Level, ...]
    process: Process

    @property
    def steps(self) -> int:
        """How many steps the grid has: one less than its points."""
        return len(self.points) - 1

    def __len__(self) -> int:
        return len(self.points)

    def __iter__(self) -> Iterator[Level]:
        return iter(self.points)

    @overload
    def __getitem__(self, index: int) -> Level: ...

    @overload
    def __getitem__(self, index: slice) -> Levels: ...

    def __getitem__(self, index: int | slice) -> Level | Levels:
        if isinstance(index, slice):
            return Levels(self.points[index], self.process)
        return self.points[index]
