"""Annealed Langevin dynamics: at every level some steps uphill in the score, with noise (Song & Ermon 2019, 2020)."""

from __future__ import annotations

import math
from typing import Annotated

import noisegraph as ng
from pydantic import Field

from .edm import needs_signal
from .state import Position


@ng.node(early=True)
def annealed_langevin(
    *,
    updates: Annotated[int, Field(ge=1, le=10_000)] = 5,
    rate: Annotated[float, Field(gt=0)] = 0.1,
    denoise: bool = True,
) -> ng.Sampler:
    """Annealed Langevin dynamics (NCSN, Song & Ermon 2019, algorithm 1; NCSNv2, Song & Ermon 2020, algorithm 1).

    updates: T, how often the state is updated at every level but the last.
    rate: an update moves by rate * sigma^2 of the score, so that it is epsilon / sigma_L^2 of NCSN's code, half of
        the papers'. NCSN has 0.2, NCSNv2 about 0.0062 on CIFAR-10.
    denoise: whether the last level, if it is clean data, takes the expected data (NCSNv2) or the state as it is (NCSN).
    """

    def step(denoiser: ng.Denoiser, state: Position, step: ng.Step) -> Position:
        here, there = step.here, step.there
        needs_signal(here)
        # In y = x / alpha, whose noise is r = sigma / alpha, the score is (x0 - y) / r^2.
        y = state.x / here.alpha
        for draw in range(updates):
            toward = denoiser(here.alpha * y, here) - y
            y = y + rate * toward + math.sqrt(2 * rate) * here.ratio * step.noise(draw)
        if there.sigma == 0 and denoise:
            y = denoiser(here.alpha * y, here)
        return Position(there.alpha * y)

    return ng.Sampler(Position, step, asks=ng.asks_here)


NODES = (annealed_langevin,)
