"""A forward SDE as a chain, x_here = a x_there + G z: exactly, by Euler and Maruyama, and as score_sde has it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, NamedTuple

import noisegraph as ng

from .ddim import posterior_variance, transition_variance
from .edm import needs_signal

Reference = Literal["score_sde"]


class Transition(NamedTuple):
    """x_here = scale x_there + sqrt(variance) z; and the variance of what ancestral sampling draws."""

    scale: float
    variance: float
    ancestral: float


Discretize = Callable[[ng.Step], Transition]


def exact(step: ng.Step) -> Transition:
    """q(x_here | x_there) of the process itself: DDPM's for VP, SMLD's for VE (Song et al. 2021, appendix E)."""
    here, there = step.here, step.there
    variance = transition_variance(here, there)
    return Transition(
        here.alpha / there.alpha, variance, posterior_variance(here, there) if _explodes(here) else variance
    )


def euler_maruyama(step: ng.Step) -> Transition:
    """x_here = x_there + f dt x + g sqrt(dt) z, with f and g at `here`."""
    return _euler_maruyama(step, step.here.t - step.there.t)


def score_sde_euler_maruyama(step: ng.Step) -> Transition:
    """The same with dt = T / N, whatever the distance of the levels."""
    return _euler_maruyama(step, step.process.t_max / step.total)


def _euler_maruyama(step: ng.Step, dt: float) -> Transition:
    needs_signal(step.here)
    t = step.here.t
    variance = step.process.diffusion(t) ** 2 * dt
    return Transition(1 + step.process.drift(t) * dt, variance, variance)


def score_sde(step: ng.Step) -> Transition:
    """score_sde's discretize(): N betas of VP or sigmas of VE at indices that don't meet the levels; else Euler's."""
    here, process, last = step.here, step.process, step.total - 1
    index = int(here.t * last / process.t_max)
    t = process.t_max * index / last
    if _explodes(here):
        squared = process.level(t).sigma ** 2
        below = process.level(process.t_max * (index - 1) / last).sigma ** 2 if index > 0 else 0.0
        return Transition(1.0, squared - below, below * (squared - below) / squared)
    if not math.isclose(here.alpha**2 + here.sigma**2, 1, rel_tol=1e-9):
        return score_sde_euler_maruyama(step)
    beta = process.diffusion(t) ** 2 / step.total * process.t_max
    if beta >= 1:
        raise ng.NodeError(
            f"score_sde's beta is {beta:.3g} in {step.total} steps", "take more steps than the process's largest beta"
        )
    return Transition(math.sqrt(1 - beta), beta, beta)


def _explodes(level: ng.Level) -> bool:
    return level.alpha == 1 and level.sigma > 0
