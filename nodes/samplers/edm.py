"""Euler and Heun on dx/dsigma = (x - D(x, sigma)) / sigma, with EDM's churn (Karras et al. 2022)."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import noisegraph as ng
from pydantic import Field

from .state import Position

Churn = Annotated[float, Field(ge=0)]


@ng.node(early=True)
def euler(
    *,
    churn: Churn = 0.0,
    churn_min: Churn = 0.0,
    churn_max: Churn = 1e9,
    churn_noise: Churn = 1.0,
    reference: Literal["diffusers"] | None = None,
) -> ng.Sampler:
    """Euler's method (Karras et al. 2022, algorithm 2 without the correction); DDIM at eta 0 where there is no churn.

    churn: S_churn, how much noise all steps together add and remove again.
    churn_min: S_min, the least sigma / alpha at which noise is added.
    churn_max: S_max, the largest such.
    churn_noise: S_noise, the standard deviation of what is added.
    reference: diffusers asks the denoiser before it adds the churn's noise, not after.
    """

    def step(denoiser: ng.Denoiser, state: Position, step: ng.Step) -> Position:
        x, here = churned(state.x, step, churn, churn_min, churn_max, churn_noise)
        if reference == "diffusers":
            stale = ng.eps(denoiser, state.x, step.here)
            x0 = (x - here.sigma * stale) / here.alpha
        else:
            x0 = denoiser(x, here)
        return Position(euler_step(x, x0, here, step.there))

    return ng.Sampler(Position, step, noisy=churn > 0, asks=asks_churned if churn > 0 else ng.asks_here)


@ng.node(early=True)
def heun(*, churn: Churn = 0.0, churn_min: Churn = 0.0, churn_max: Churn = 1e9, churn_noise: Churn = 1.0) -> ng.Sampler:
    """Heun's method, of second order (Karras et al. 2022, algorithms 1 and 2); two evaluations a step.

    churn: S_churn, how much noise all steps together add and remove again.
    churn_min: S_min, the least sigma / alpha at which noise is added.
    churn_max: S_max, the largest such.
    churn_noise: S_noise, the standard deviation of what is added.
    """

    def step(denoiser: ng.Denoiser, state: Position, step: ng.Step) -> Position:
        x, here = churned(state.x, step, churn, churn_min, churn_max, churn_noise)
        return Position(heun_step(denoiser, x, here, step.there))

    return ng.Sampler(Position, step, noisy=churn > 0, asks=asks_churned if churn > 0 else None)


def euler_step(x: ng.Tensor, x0: ng.Tensor, here: ng.Level, there: ng.Level) -> ng.Tensor:
    """From here to there along the straight line to x0; the same as DDIM's step at eta 0."""
    shrink = there.sigma / here.sigma
    return shrink * x + (there.alpha - shrink * here.alpha) * x0


def heun_step(denoiser: ng.Denoiser, x: ng.Tensor, here: ng.Level, there: ng.Level) -> ng.Tensor:
    """From here to there with the slope at both ends of Euler's step; Euler's step alone to clean data."""
    x0 = denoiser(x, here)
    guess = euler_step(x, x0, here, there)
    if there.sigma == 0:
        return guess
    needs_signal(here)
    y, width = x / here.alpha, there.ratio - here.ratio
    slope = (y - x0) / here.ratio
    corrected = (guess / there.alpha - denoiser(guess, there)) / there.ratio
    return there.alpha * (y + width * (slope + corrected) / 2)


def churned(
    x: ng.Tensor, step: ng.Step, churn: float, low: float, high: float, spread: float
) -> tuple[ng.Tensor, ng.Level]:
    """Noise added up to sigma-hat = (1 + gamma) sigma, and the level reached (algorithm 2, lines 4 to 6)."""
    here = step.here
    if churn == 0 or not low <= here.ratio <= high:
        return x, here
    needs_signal(here)
    gamma = min(churn / step.total, math.sqrt(2) - 1)
    hat = ng.at_ratio(step.process, here.ratio * (1 + gamma))
    added = math.sqrt(hat.ratio**2 - here.ratio**2) * spread
    return hat.alpha * (x / here.alpha + added * step.noise()), hat


def needs_signal(level: ng.Level) -> None:
    """Raise NodeError where alpha is 0, for methods that divide by it."""
    if level.alpha <= 0:
        raise ng.NodeError(
            f"this sampler divides by alpha, which is 0 at time {level.t:g}",
            "begin at a level that holds some signal, or take ddim, euler, heun_in_time or dpmpp_2m without churn",
        )


def asks_churned(here: ng.Level, there: ng.Level) -> tuple[ng.Level, ng.Level]:
    """Churn goes up to sqrt(2) times the noise of `here`; bounds are compared by log-SNR alone."""
    return here._replace(sigma=here.sigma * math.sqrt(2)), there


NODES = (euler, heun)
