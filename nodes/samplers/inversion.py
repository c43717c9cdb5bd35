"""Inversion: from data to the noise that leads to it, by DDIM or by any solver without noise."""

from __future__ import annotations

from typing import Any, Literal

import noisegraph as ng

from .edm import euler_step, needs_signal
from .state import Position


@ng.node(early=True)
def ddim_inversion(*, ask: Literal["here", "there"] = "there") -> ng.Sampler:
    """DDIM's step at eta 0 taken from data to noise (Song, Meng & Ermon 2021, section 5.4), on rising levels.

    ask: at which end of a step the denoiser is told the state to be: there (as diffusers does) can begin at clean
        data; here (as guided-diffusion does) is Euler's method backwards, and begins at a level that holds noise.
    """

    def step(denoiser: ng.Denoiser, state: Position, step: ng.Step) -> Position:
        here, there = step.here, step.there
        told = here if ask == "here" else there
        if told.sigma == 0:
            raise ng.NodeError("there is no noise to predict in clean data", 'begin at a noisier level, or ask "there"')
        if ask == "here":
            return Position(euler_step(state.x, denoiser(state.x, here), here, there))
        needs_signal(here)
        eps = ng.eps(denoiser, state.x, told)
        return Position(there.alpha / here.alpha * (state.x - here.sigma * eps) + there.sigma * eps)

    return ng.Sampler(Position, step, noisy=False, walks="up", asks=ng.asks_here if ask == "here" else _asks_there)


@ng.node(early=True)
def inverse(sampler: ng.Sampler) -> ng.Sampler:
    """A solver without noise taken from data to noise, on rising levels: DPM-Solver's inversion, or any other's.

    The levels begin where the solver would end, above clean data: give it `levels.reverse` of those that end at
    sigma_min. Its order is the solver's own; but the first step of a multistep method, which is of order 1, weighs more
    at this end of the levels.

    sampler: of the probability flow; not one that draws noise or chooses its own steps.
    """
    if sampler.noisy or sampler.finished is not None or sampler.walks != "down":
        raise ng.NodeError(
            "only a solver that draws no noise, and keeps to its levels, can be taken backwards",
            "take one such as sampler.dpmpp_2m, or set its eta or churn to 0",
        )

    def step(denoiser: ng.Denoiser, state: Any, step: ng.Step) -> Any:
        if step.here.sigma == 0:
            raise ng.NodeError("there is no noise to predict in clean data", 'end the levels at "sigma_min"')
        needs_signal(step.there)
        return sampler.step(denoiser, state, step)

    return sampler._replace(step=step, walks="up")


def _asks_there(here: ng.Level, there: ng.Level) -> tuple[ng.Level, ng.Level]:
    return there, there


NODES = (ddim_inversion, inverse)
