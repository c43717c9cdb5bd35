"""DPM-Solver++ for the reverse SDE with an evaluation half-way: both draws of a step are of one Brownian path."""

from __future__ import annotations

import math
from typing import Annotated

import noisegraph as ng
from pydantic import Field

from .ancestral import Eta, split
from .edm import needs_signal
from .exponential import advance, span
from .state import Position


@ng.node(early=True)
def dpmpp_sde(*, eta: Eta = 1.0, r: Annotated[float, Field(gt=0, lt=1)] = 0.5) -> ng.Sampler:
    """DPM-Solver++ for the reverse SDE (k-diffusion): its drift is of second order, with two evaluations a step.

    eta: the share of the ancestral noise that is added; 0 is DPM-Solver++(2S).
    r: where between two levels, in log-SNR, the network is asked.
    """

    def step(denoiser: ng.Denoiser, state: Position, step: ng.Step) -> Position:
        here, there = step.here, step.there
        x0 = denoiser(state.x, here)
        if there.sigma == 0:
            return Position(there.alpha * x0)
        needs_signal(here)
        middle = step.process.at_log_snr(here.log_snr + r * (there.log_snr - here.log_snr))
        half_way = denoiser(_reached(state.x, x0, here, middle, eta, step), middle)
        mixed = x0 + (half_way - x0) / (2 * r)
        return Position(_reached(state.x, mixed, here, there, eta, step))

    return ng.Sampler(Position, step, noisy=eta > 0)


def _reached(x: ng.Tensor, x0: ng.Tensor, here: ng.Level, there: ng.Level, eta: float, step: ng.Step) -> ng.Tensor:
    """A step of first order down and up again; the noise is the path's since `here`, its clock alpha^2 / sigma^2."""
    down, up = split(step.process, here, there, eta)
    x = there.alpha / down.alpha * advance(x, span(here, down, "x0"), x0)
    if up == 0:
        return x
    return x + there.alpha * up * step.path(math.exp(here.log_snr), math.exp(there.log_snr))


NODES = (dpmpp_sde,)
