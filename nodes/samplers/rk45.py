"""The probability flow by Dormand and Prince's Runge-Kutta method of order 5, its steps adapted to a tolerance."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Literal, NamedTuple

import noisegraph as ng
from pydantic import Field

from .dormand_prince import Tolerance, integrate
from .edm import euler_step, needs_signal
from .in_time import velocity

Slope = Callable[[float, ng.Tensor], ng.Tensor]


class Paced(NamedTuple):
    """x [batch, ...], and the width of the step to try next, if one was taken."""

    x: ng.Tensor
    width: float | None = None


@ng.node(early=True)
def rk45(
    *,
    rtol: Annotated[float, Field(gt=0, lt=1)] = 1e-5,
    atol: Annotated[float, Field(gt=0, lt=1)] = 1e-5,
    reference: Literal["score_sde"] | None = None,
) -> ng.Sampler:
    """The probability-flow ODE by adaptive RK45 (Song et al. 2021, section 4.3; Dormand & Prince 1980).

    Each step of the levels is integrated to the tolerance, however many evaluations that takes; a grid of two levels
    leaves all to the step control. The largest error in a batch decides for all of it.

    rtol: the error allowed in a step, relative to x / alpha.
    atol: the error allowed on top of it.
    reference: score_sde integrates x in the process's time, and takes the root mean square over the batch as error.
    """
    tolerance = Tolerance(rtol, atol, together=reference is not None)

    def step(denoiser: ng.Denoiser, state: Paced, step: ng.Step) -> Paced:
        here, there = step.here, step.there
        if reference is not None:
            return Paced(*integrate(_in_time(denoiser, step.process), here.t, there.t, state.x, tolerance, state.width))
        if there.sigma == 0:
            return Paced(euler_step(state.x, denoiser(state.x, here), here, there))
        needs_signal(here)
        slope, start, end = _in_log_ratio(denoiser, step.process), math.log(here.ratio), math.log(there.ratio)
        y, width = integrate(slope, start, end, state.x / here.alpha, tolerance, state.width)
        return Paced(there.alpha * y, width)

    return ng.Sampler(Paced, step, noisy=False)


def _in_log_ratio(denoiser: ng.Denoiser, process: ng.Process) -> Slope:
    """dy / d log rho = y - x0 for y = x / alpha, rho = sigma / alpha: smooth also where a discrete process is not."""

    def slope(log_ratio: float, y: ng.Tensor) -> ng.Tensor:
        level = process.at_log_snr(-2 * log_ratio)
        return y - denoiser(level.alpha * y, level)

    return slope


def _in_time(denoiser: ng.Denoiser, process: ng.Process) -> Slope:
    return lambda t, x: velocity(denoiser, x, process.level(t), process)


NODES = (rk45,)
