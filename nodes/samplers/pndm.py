"""Pseudo numerical methods: multistep on the noise, each step taken along DDIM's curve (Liu et al. 2022)."""

from __future__ import annotations

from typing import Annotated, Literal

import noisegraph as ng
from pydantic import Field

from .edm import euler_step, needs_signal
from .history import History

ADAMS_BASHFORTH = (
    (1.0,),
    (3 / 2, -1 / 2),
    (23 / 12, -16 / 12, 5 / 12),
    (55 / 24, -59 / 24, 37 / 24, -9 / 24),
)
"""The weights of 1 to 4 evaluations at equal distances, newest first."""
Kind = Literal["eps", "v"]
ASK = {"eps": ng.eps, "v": ng.v}


@ng.node(early=True)
def pndm(*, of: Kind = "eps") -> ng.Sampler:
    """F-PNDM (Liu et al. 2022, algorithm 2): three pseudo Runge-Kutta steps, then linear multistep of four noises.

    The warm-up asks four times a step, the rest once. Meant for levels in equal distances of time.

    of: what is averaged and extrapolated: the noise, or v as diffusers does for networks that predict it.
    """

    def step(denoiser: ng.Denoiser, state: History, step: ng.Step) -> History:
        found = ASK[of](denoiser, state.x, step.here)
        seen = state.seen(found, 4)
        if len(seen) < 4 and step.there.sigma > 0:
            mean = _runge_kutta(denoiser, state.x, found, step, of)
        else:
            mean = mixed(seen)
        return state.moved(_transferred(state.x, mean, step, of), found)

    return ng.Sampler(History, step, noisy=False)


@ng.node(early=True)
def plms(*, order: Annotated[int, Field(ge=2, le=4)] = 4, of: Kind = "eps") -> ng.Sampler:
    """PLMS: a pseudo improved Euler step, then linear multistep (Liu et al. 2022; Rombach et al. 2022).

    The first step asks twice, the rest once. Meant for levels in equal distances of time.

    order: how many noises enter a step; 2 is S-PNDM, 4 the sampler of latent diffusion.
    of: what is averaged and extrapolated: the noise, or v as diffusers does for networks that predict it.
    """

    def step(denoiser: ng.Denoiser, state: History, step: ng.Step) -> History:
        found = ASK[of](denoiser, state.x, step.here)
        seen = state.seen(found, order)
        if len(seen) == 1 and step.there.sigma > 0:
            mean = (found + ASK[of](denoiser, _transferred(state.x, found, step, of), step.there)) / 2
        else:
            mean = mixed(seen)
        return state.moved(_transferred(state.x, mean, step, of), found)

    return ng.Sampler(History, step, noisy=False)


@ng.node(early=True)
def ipndm(*, order: Annotated[int, Field(ge=1, le=4)] = 4) -> ng.Sampler:
    """iPNDM (Zhang & Chen 2023): PNDM that warms up with its own lower orders; one evaluation a step.

    Meant for levels in equal distances of time.

    order: how many noises enter a step; 1 is DDIM.
    """

    def step(denoiser: ng.Denoiser, state: History, step: ng.Step) -> History:
        x0 = denoiser(state.x, step.here)
        eps = ng.to_eps(x0, state.x, step.here)
        seen = state.seen(eps, order)
        if len(seen) == 1:
            return state.moved(euler_step(state.x, x0, step.here, step.there), eps)
        return state.moved(_transferred(state.x, mixed(seen), step), eps)

    return ng.Sampler(History, step, noisy=False, asks=ng.asks_here)


def mixed(seen: list[ng.Tensor]) -> ng.Tensor:
    """Adams and Bashforth's extrapolation from evaluations at equal distances, newest first."""
    weights = ADAMS_BASHFORTH[len(seen) - 1]
    total = weights[0] * seen[0]
    for weight, eps in zip(weights[1:], seen[1:], strict=True):
        total = total + weight * eps
    return total


def _transferred(
    x: ng.Tensor, found: ng.Tensor, step: ng.Step, of: Kind = "eps", there: ng.Level | None = None
) -> ng.Tensor:
    """phi(x, eps, here, there): DDIM's step with a noise of one's own (eq. 11)."""
    here, there = step.here, there or step.there
    needs_signal(here)
    eps = found if of == "eps" else here.alpha * found + here.sigma * x
    ahead = there.alpha / here.alpha
    return ahead * x + (there.sigma - ahead * here.sigma) * eps


def _runge_kutta(denoiser: ng.Denoiser, x: ng.Tensor, first: ng.Tensor, step: ng.Step, of: Kind) -> ng.Tensor:
    """Equation 12, whose middle is halfway in time."""
    middle, ask = step.process.level((step.here.t + step.there.t) / 2), ASK[of]
    second = ask(denoiser, _transferred(x, first, step, of, middle), middle)
    third = ask(denoiser, _transferred(x, second, step, of, middle), middle)
    fourth = ask(denoiser, _transferred(x, third, step, of), step.there)
    return (first + 2 * second + 2 * third + fourth) / 6


NODES = (pndm, plms, ipndm)
