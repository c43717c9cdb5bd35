"""Linear multistep on dx/dsigma: Adams and Bashforth's method on grids of any spacing."""

from __future__ import annotations

from typing import Annotated

import noisegraph as ng
from pydantic import Field

from .edm import euler_step, needs_signal
from .history import History
from .quadrature import adams_bashforth


@ng.node(early=True)
def lms(*, order: Annotated[int, Field(ge=1, le=4)] = 4) -> ng.Sampler:
    """Linear multistep in sigma / alpha (k-diffusion's LMS; rhoAB-DEIS of Zhang & Chen 2023 of degree order - 1).

    order: how many evaluations enter a step; 1 is Euler's method.
    """

    def step(denoiser: ng.Denoiser, state: History, step: ng.Step) -> History:
        here, there = step.here, step.there
        x0 = denoiser(state.x, here)
        eps = ng.to_eps(x0, state.x, here)
        seen = state.seen(eps, order)
        if len(seen) == 1:
            return state.moved(euler_step(state.x, x0, here, there), eps)
        nodes = [step.levels[step.index - back].ratio for back in range(len(seen))]
        needs_signal(step.levels[step.index - len(seen) + 1])
        weights = adams_bashforth(nodes, here.ratio, there.ratio)
        return state.moved(advanced(state.x, here, there, weights, seen), eps)

    return ng.Sampler(History, step, noisy=False, asks=ng.asks_here)


def advanced(x: ng.Tensor, here: ng.Level, there: ng.Level, weights: list[float], seen: list[ng.Tensor]) -> ng.Tensor:
    """x / alpha moves by the weighted noises, being the integral of eps d(sigma / alpha)."""
    moved = there.alpha / here.alpha * x
    for weight, eps in zip(weights, seen, strict=True):
        moved = moved + there.alpha * weight * eps
    return moved


NODES = (lms,)
