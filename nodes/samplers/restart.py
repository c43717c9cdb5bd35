"""Restart: an ODE solver that goes back up some times, so that noise washes out its errors (Xu et al. 2023)."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Annotated

import noisegraph as ng
from pydantic import Field

from .edm import heun_step
from .state import Position

RHO = 7


@ng.node(early=True)
def restart(
    *,
    low: Annotated[float, Field(gt=0)] = 0.05,
    high: Annotated[float, Field(gt=0)] = 0.3,
    times: Annotated[int, Field(ge=1, le=1000)] = 2,
    steps: Annotated[int, Field(ge=1, le=1000)] = 4,
    noise: Annotated[float, Field(ge=0)] = 1.0,
) -> ng.Sampler:
    """Restart sampling (Xu et al. 2023, algorithm 1) with Heun's method.

    It goes back up from the first level at or below `low` that still holds noise.

    low: t_min, the sigma / alpha from which noise is added.
    high: t_max, the sigma / alpha that it is added up to.
    times: K, how often.
    steps: how many steps lead down again each time.
    noise: S_noise, the standard deviation of what is added.
    """
    if low >= high:
        raise ng.NodeError(f"a restart from {low:g} up to {high:g}", "low is below high")

    def crosses(here: ng.Level, there: ng.Level) -> bool:
        return here.ratio > low >= there.ratio > 0

    def step(denoiser: ng.Denoiser, state: Position, step: ng.Step) -> Position:
        here, there = step.here, step.there
        x = heun_step(denoiser, state.x, here, there)
        if not crosses(here, there):
            return Position(x)
        down = [ng.at_ratio(step.process, ratio) for ratio in _karras(high, there.ratio, steps)] + [there]
        added = noise * math.sqrt(high**2 - there.ratio**2)
        for draw in range(times):
            x = down[0].alpha * (x / there.alpha + added * step.noise(draw))
            for above, below in pairwise(down):
                x = heun_step(denoiser, x, above, below)
        return Position(x)

    def asks(here: ng.Level, there: ng.Level) -> tuple[ng.Level, ng.Level]:
        up = here._replace(sigma=max(here.sigma, high * here.alpha)) if crosses(here, there) else here
        return up, there

    return ng.Sampler(Position, step, asks=asks)


def _karras(high: float, low: float, steps: int) -> list[float]:
    """Karras's grid from high to above low (Karras et al. 2022, eq. 5)."""
    top, width = high ** (1 / RHO), low ** (1 / RHO) - high ** (1 / RHO)
    return [(top + index / steps * width) ** RHO for index in range(steps)]


NODES = (restart,)
