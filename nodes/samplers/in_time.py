"""The probability flow in the process's own time, dx/dt, and methods that step in it."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import noisegraph as ng
from pydantic import Field

from .edm import Churn, asks_churned, churned
from .history import History
from .pndm import mixed
from .quadrature import adams_bashforth
from .state import Position


def velocity(denoiser: ng.Denoiser, x: ng.Tensor, level: ng.Level, process: ng.Process) -> ng.Tensor:
    """dx/dt = alpha' x0 + sigma' eps, which is f x - g^2 score / 2 (Song et al. 2021, eq. 13); sigma > 0."""
    x0 = denoiser(x, level)
    fading, growing = _rates(process, level)
    return fading * x0 + growing * ng.to_eps(x0, x, level)


def _rates(process: ng.Process, level: ng.Level) -> tuple[float, float]:
    """d alpha / dt and d sigma / dt; where alpha is 0, and so f not finite, by what they were just before."""
    f = process.drift(level.t)
    if math.isfinite(f):
        return f * level.alpha, f * level.sigma + process.diffusion(level.t) ** 2 / (2 * level.sigma)
    width = (process.t_max - process.t_min) / 1000
    before = process.level(level.t - width)
    return (level.alpha - before.alpha) / width, (level.sigma - before.sigma) / width


@ng.node(early=True)
def euler_in_time(
    *, churn: Churn = 0.0, churn_min: Churn = 0.0, churn_max: Churn = 1e9, churn_noise: Churn = 1.0
) -> ng.Sampler:
    """Euler's method on dx/dt in the process's own time (Karras et al. 2022, algorithm 3 without the correction).

    churn: S_churn, how much noise all steps together add and remove again.
    churn_min: S_min, the least sigma / alpha at which noise is added.
    churn_max: S_max, the largest such.
    churn_noise: S_noise, the standard deviation of what is added.
    """

    def step(denoiser: ng.Denoiser, state: Position, step: ng.Step) -> Position:
        x, here = churned(state.x, step, churn, churn_min, churn_max, churn_noise)
        return Position(x + (step.there.t - here.t) * velocity(denoiser, x, here, step.process))

    return ng.Sampler(Position, step, noisy=churn > 0, asks=asks_churned if churn > 0 else ng.asks_here)


@ng.node(early=True)
def heun_in_time(
    *,
    alpha: Annotated[float, Field(gt=0, le=1)] = 1.0,
    churn: Churn = 0.0,
    churn_min: Churn = 0.0,
    churn_max: Churn = 1e9,
    churn_noise: Churn = 1.0,
) -> ng.Sampler:
    """Second-order Runge-Kutta on dx/dt in the process's own time (Karras et al. 2022, algorithm 3); two evaluations.

    alpha: where the second evaluation is: 1 is Heun's method, 2/3 Ralston's, 1/2 the midpoint's.
    churn: S_churn, how much noise all steps together add and remove again.
    churn_min: S_min, the least sigma / alpha at which noise is added.
    churn_max: S_max, the largest such.
    churn_noise: S_noise, the standard deviation of what is added.
    """

    def step(denoiser: ng.Denoiser, state: Position, step: ng.Step) -> Position:
        there, process = step.there, step.process
        x, here = churned(state.x, step, churn, churn_min, churn_max, churn_noise)
        h = there.t - here.t
        slope = velocity(denoiser, x, here, process)
        if there.sigma == 0:
            return Position(x + h * slope)
        stage = there if alpha == 1 else process.level(here.t + alpha * h)
        second = velocity(denoiser, x + alpha * h * slope, stage, process)
        weight = 1 / (2 * alpha)
        return Position(x + h * ((1 - weight) * slope + weight * second))

    return ng.Sampler(Position, step, noisy=churn > 0, asks=asks_churned if churn > 0 else None)


@ng.node(early=True)
def fon(*, reference: Literal["pndm"] | None = None) -> ng.Sampler:
    """FON, the classical fourth-order method on dx/dt: three Runge-Kutta steps, then Adams-Bashforth (Liu et al. 2022).

    reference: pndm's code takes DDIM's step over one index for dx/dt, its linear part always at the step's beginning,
        and weights for equal distances.
    """
    slope = _index_step if reference == "pndm" else _velocity

    def step(denoiser: ng.Denoiser, state: History, step: ng.Step) -> History:
        here, there, x = step.here, step.there, state.x
        h = there.t - here.t
        first = slope(denoiser, x, here, x, step)
        seen = state.seen(first, 4)
        if len(seen) == 4 and reference == "pndm":
            return state.moved(x + h * mixed(seen), first)
        if len(seen) == 4:
            nodes = [step.levels[step.index - back].t for back in range(4)]
            for weight, one in zip(adams_bashforth(nodes, here.t, there.t), seen, strict=True):
                x = x + weight * one
            return state.moved(x, first)
        if there.sigma == 0:
            return state.moved(x + h * first, first)
        middle = step.process.level((here.t + there.t) / 2)
        second = slope(denoiser, x + h / 2 * first, middle, x, step)
        third = slope(denoiser, x + h / 2 * second, middle, x, step)
        fourth = slope(denoiser, x + h * third, there, x, step)
        return state.moved(x + h / 6 * (first + 2 * second + 2 * third + fourth), first)

    return ng.Sampler(History, step, noisy=False)


def _velocity(denoiser: ng.Denoiser, x: ng.Tensor, level: ng.Level, start: ng.Tensor, step: ng.Step) -> ng.Tensor:
    return velocity(denoiser, x, level, step.process)


def _index_step(denoiser: ng.Denoiser, x: ng.Tensor, level: ng.Level, start: ng.Tensor, step: ng.Step) -> ng.Tensor:
    """What DDIM's step from `start` at here to the index below changes, per index of time."""
    eps, here = ng.eps(denoiser, x, level), step.here
    below = step.process.level(here.t - 1)
    ahead = below.alpha / here.alpha
    return start - (ahead * start + (below.sigma - ahead * here.sigma) * eps)


NODES = (euler_in_time, heun_in_time, fon)
