"""DPM2: the midpoint rule on dx/dsigma, the middle taken in log sigma (Karras et al. 2022; k-diffusion)."""

from __future__ import annotations

import math

import noisegraph as ng

from .edm import Churn, asks_churned, churned, euler_step, needs_signal
from .state import Position


@ng.node(early=True)
def dpm2(*, churn: Churn = 0.0, churn_min: Churn = 0.0, churn_max: Churn = 1e9, churn_noise: Churn = 1.0) -> ng.Sampler:
    """DPM2, of second order with two evaluations a step (k-diffusion; inspired by DPM-Solver-2, Lu et al. 2022a).

    churn: S_churn, how much noise all steps together add and remove again (Karras et al. 2022).
    churn_min: S_min, the least sigma / alpha at which noise is added.
    churn_max: S_max, the largest such.
    churn_noise: S_noise, the standard deviation of what is added.
    """

    def step(denoiser: ng.Denoiser, state: Position, step: ng.Step) -> Position:
        x, here = churned(state.x, step, churn, churn_min, churn_max, churn_noise)
        return Position(midpoint_step(denoiser, x, step.process, here, step.there))

    return ng.Sampler(Position, step, noisy=churn > 0, asks=asks_churned if churn > 0 else None)


def midpoint_step(
    denoiser: ng.Denoiser, x: ng.Tensor, process: ng.Process, here: ng.Level, there: ng.Level
) -> ng.Tensor:
    """From here to there with the slope at the geometric mean of the two sigma / alpha; Euler's step to clean data."""
    x0 = denoiser(x, here)
    if there.sigma == 0:
        return euler_step(x, x0, here, there)
    needs_signal(here)
    middle = ng.at_ratio(process, math.sqrt(here.ratio * there.ratio))
    halfway = euler_step(x, x0, here, middle)
    slope = ng.eps(denoiser, halfway, middle)
    return there.alpha * (x / here.alpha + (there.ratio - here.ratio) * slope)


NODES = (dpm2,)
