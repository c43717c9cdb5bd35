"""Consistency sampling: jump to data, add noise up to the next level, jump again (Luo et al. 2023)."""

from __future__ import annotations

from typing import Annotated

import noisegraph as ng
from pydantic import Field

from .state import Position

SIGMA_DATA = 0.5


@ng.node(early=True)
def lcm(*, timestep_scaling: Annotated[float, Field(ge=0)] = 0.0) -> ng.Sampler:
    """Multistep consistency sampling (Luo et al. 2023, algorithm 3), for models distilled to jump to data at once.

    timestep_scaling: s of the boundary condition f = c_skip x + c_out x0 with c_skip = 1 / (4 (s t)^2 + 1); latent
        consistency models are trained with 10; 0 takes the model's data as they are.
    """

    def step(denoiser: ng.Denoiser, state: Position, step: ng.Step) -> Position:
        here, there = step.here, step.there
        x0 = denoiser(state.x, here)
        if timestep_scaling > 0:
            scaled, data = (timestep_scaling * here.t) ** 2, SIGMA_DATA**2
            x0 = data / (scaled + data) * state.x + (scaled / (scaled + data)) ** 0.5 * x0
        x = there.alpha * x0
        return Position(x + there.sigma * step.noise() if there.sigma > 0 else x)

    return ng.Sampler(Position, step, asks=ng.asks_here)


NODES = (lcm,)
