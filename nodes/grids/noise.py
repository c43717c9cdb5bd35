"""Grids that are even in a function of the noise itself: of sigma / alpha, or of the log-SNR."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Literal

import noisegraph as ng
from pydantic import Field

from .ends import End, Steps, count, ended

Sigma = Annotated[float, Field(gt=0)] | None
Rho = Annotated[float, Field(gt=0)]
TABLES = {
    "sd1": (14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.029),
    "sdxl": (14.615, 6.315, 3.771, 2.181, 1.342, 0.862, 0.555, 0.380, 0.234, 0.113, 0.029),
    "svd": (700.0, 54.5, 15.886, 7.977, 4.248, 1.789, 0.981, 0.403, 0.173, 0.034, 0.002),
}
"""Sabour et al. 2024: the levels found best for ten steps of three model families."""


@ng.node(early=True)
def log_snr(process: ng.Process, *, steps: Steps = 20, end: End = "sigma_min") -> ng.Levels:
    """Levels in equal distances of log-SNR (Lu et al. 2022, DPM-Solver)."""
    high, low = _span(process, None, None)
    return ended(_points(process, _geometric(high, low, count(steps, end), 1.0)), process, end)


@ng.node(early=True)
def karras(
    process: ng.Process,
    *,
    steps: Steps = 20,
    rho: Rho = 7.0,
    sigma_min: Sigma = None,
    sigma_max: Sigma = None,
    end: End = "data",
) -> ng.Levels:
    """Levels even in sigma^(1/rho) (Karras et al. 2022, eq. 5).

    sigma_min: of sigma / alpha; what the process has, where it is not given.
    sigma_max: of sigma / alpha; what the process has, where it is not given.
    """
    high, low = _span(process, sigma_max, sigma_min)
    first, last, asked = high ** (1 / rho), low ** (1 / rho), count(steps, end)
    sigmas = [(first + index / max(asked - 1, 1) * (last - first)) ** rho for index in range(asked)]
    return ended(_points(process, sigmas), process, end)


@ng.node(early=True)
def exponential(
    process: ng.Process, *, steps: Steps = 20, sigma_min: Sigma = None, sigma_max: Sigma = None, end: End = "data"
) -> ng.Levels:
    """Levels even in log sigma.

    sigma_min: of sigma / alpha; what the process has, where it is not given.
    sigma_max: of sigma / alpha; what the process has, where it is not given.
    """
    high, low = _span(process, sigma_max, sigma_min)
    return ended(_points(process, _geometric(high, low, count(steps, end), 1.0)), process, end)


@ng.node(early=True)
def polyexponential(
    process: ng.Process,
    *,
    steps: Steps = 20,
    rho: Rho = 1.0,
    sigma_min: Sigma = None,
    sigma_max: Sigma = None,
    end: End = "data",
) -> ng.Levels:
    """Levels whose log sigma follows a power: exponential at rho 1, denser towards data above (k-diffusion).

    sigma_min: of sigma / alpha; what the process has, where it is not given.
    sigma_max: of sigma / alpha; what the process has, where it is not given.
    """
    high, low = _span(process, sigma_max, sigma_min)
    return ended(_points(process, _geometric(high, low, count(steps, end), rho)), process, end)


@ng.node(early=True)
def align_your_steps(
    process: ng.Process, *, steps: Steps = 10, family: Literal["sd1", "sdxl", "svd"] = "sd1", end: End = "data"
) -> ng.Levels:
    """The levels of Align Your Steps (Sabour et al. 2024), log sigma interpolated for other than ten steps.

    family: the kind of model that the levels were found for.
    """
    logs = [math.log(sigma) for sigma in TABLES[family]]
    sigmas = [math.exp(_interpolated(logs, index / steps)) for index in range(steps + 1)]
    return ended(_points(process, sigmas if end == "sigma_min" else sigmas[:-1]), process, end)


def _interpolated(values: Sequence[float], share: float) -> float:
    position = share * (len(values) - 1)
    index = min(int(position), len(values) - 2)
    return values[index] + (position - index) * (values[index + 1] - values[index])


def _span(process: ng.Process, sigma_max: float | None, sigma_min: float | None) -> tuple[float, float]:
    high = process.level(process.t_max).ratio if sigma_max is None else sigma_max
    low = process.level(process.t_min).ratio if sigma_min is None else sigma_min
    if math.isinf(high):
        raise ng.NodeError("the process ends in pure noise, whose sigma / alpha is infinite", "give sigma_max")
    if not low < high:
        raise ng.NodeError(f"sigma from {high:g} down to {low:g}", "sigma_min is the smaller")
    return high, low


def _geometric(high: float, low: float, asked: int, rho: float) -> list[float]:
    shares = [(1 - index / max(asked - 1, 1)) ** rho for index in range(asked)]
    return [math.exp(math.log(low) + share * math.log(high / low)) for share in shares]


def _points(process: ng.Process, sigmas: Sequence[float]) -> list[ng.Level]:
    return [ng.at_ratio(process, sigma) for sigma in sigmas]


NODES = (log_snr, karras, exponential, polyexponential, align_your_steps)
