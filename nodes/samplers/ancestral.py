"""Ancestral sampling with any ODE step: walk below the next level, then add noise up to it (k-diffusion)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated

import noisegraph as ng
from pydantic import Field

from .dpm2 import midpoint_step
from .edm import euler_step, needs_signal
from .state import Position

Eta = Annotated[float, Field(ge=0, le=1)]
Move = Callable[[ng.Denoiser, ng.Tensor, ng.Process, ng.Level, ng.Level], ng.Tensor]
"""move(denoiser, x, process, here, there): a step of a solver without noise."""


@ng.node(early=True)
def euler_ancestral(*, eta: Eta = 1.0) -> ng.Sampler:
    """Euler ancestral (k-diffusion); the same as DDIM with this eta.

    eta: the share of the posterior's standard deviation that is drawn anew; 0 is Euler's method.
    """
    return _ancestral(_euler, eta)


@ng.node(early=True)
def dpm2_ancestral(*, eta: Eta = 1.0) -> ng.Sampler:
    """DPM2 ancestral (k-diffusion): the midpoint rule, then noise; two evaluations a step.

    eta: the share of the posterior's standard deviation that is drawn anew; 0 is DPM2.
    """
    return _ancestral(midpoint_step, eta)


@ng.node(early=True)
def dpmpp_2s_ancestral(*, eta: Eta = 1.0) -> ng.Sampler:
    """DPM-Solver++(2S) ancestral (Lu et al. 2022b, algorithm 1; k-diffusion): two evaluations a step, then noise.

    eta: the share of the posterior's standard deviation that is drawn anew; 0 is DPM-Solver++(2S).
    """
    return _ancestral(_dpmpp_2s, eta)


def _ancestral(move: Move, eta: float) -> ng.Sampler:
    def step(denoiser: ng.Denoiser, state: Position, step: ng.Step) -> Position:
        here, there = step.here, step.there
        below, up = split(step.process, here, there, eta)
        x = move(denoiser, state.x, step.process, here, below)
        if up == 0:
            return Position(x)
        return Position(there.alpha * (x / below.alpha + up * step.noise()))

    # Where the step ends below `there`, its middle is still at or above it: sigma_down >= sigma_t^2 / sigma_s.
    return ng.Sampler(Position, step, noisy=eta > 0, asks=ng.asks_here if move is _euler else None)


def split(process: ng.Process, here: ng.Level, there: ng.Level, eta: float) -> tuple[ng.Level, float]:
    """The level below `there` to walk to, and the deviation of the noise that leads up from it, in units of x / alpha.

    The noise is eta times the posterior's: sigma_up^2 = eta^2 sigma_t^2 (sigma_s^2 - sigma_t^2) / sigma_s^2.
    """
    ahead = there.ratio
    shrink = ahead / here.ratio if here.alpha > 0 else 0.0
    up = min(ahead, eta * ahead * math.sqrt(max(1 - shrink * shrink, 0.0)))
    if up == 0:
        return there, 0.0
    # At eta 1 this is sigma_t^2 / sigma_s, without cancellation.
    down = ahead * math.sqrt(1 - eta * eta + (eta * shrink) ** 2)
    return ng.at_ratio(process, down), up


def _euler(denoiser: ng.Denoiser, x: ng.Tensor, process: ng.Process, here: ng.Level, there: ng.Level) -> ng.Tensor:
    return euler_step(x, denoiser(x, here), here, there)


def _dpmpp_2s(denoiser: ng.Denoiser, x: ng.Tensor, process: ng.Process, here: ng.Level, there: ng.Level) -> ng.Tensor:
    x0 = denoiser(x, here)
    if there.sigma == 0:
        return euler_step(x, x0, here, there)
    needs_signal(here)
    middle = ng.at_ratio(process, math.sqrt(here.ratio * there.ratio))
    return euler_step(x, denoiser(euler_step(x, x0, here, middle), middle), here, there)


NODES = (euler_ancestral, dpm2_ancestral, dpmpp_2s_ancestral)
