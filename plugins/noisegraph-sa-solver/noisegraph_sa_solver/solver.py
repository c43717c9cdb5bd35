"""SA-Solver: Adams-Bashforth predicts, Adams-Moulton corrects, with one evaluation a step (Xue et al. 2023)."""

from __future__ import annotations

import math
from typing import Annotated, Literal, NamedTuple

import noisegraph as ng
from pydantic import Field

from .adams import weights

Count = Annotated[int, Field(ge=0, le=4)]
Noise = Annotated[float, Field(ge=0)]


class Memory(NamedTuple):
    """x as predicted; the x that it was predicted from, and by which noise; the data seen so far, the newest first."""

    x: ng.Tensor
    origin: ng.Tensor | None = None
    noise: ng.Tensor | None = None
    seen: tuple[ng.Tensor, ...] = ()


@ng.node(early=True)
def solver(
    *,
    tau: Annotated[float, Field(ge=0, le=10)] = 1.0,
    predictor: Annotated[int, Field(ge=1, le=4)] = 3,
    corrector: Count = 3,
    sigma_min: Noise = 0.0,
    sigma_max: Noise = 1e9,
    lower_final: bool = False,
    reference: Literal["diffusers"] | None = None,
) -> ng.Sampler:
    """SA-Solver (Xue et al. 2023, algorithm 1): stochastic Adams steps on the predicted data.

    tau: how much noise is exchanged on the way: 0 is the probability flow, 1 the reverse SDE.
    predictor: how many evaluations a step is predicted from.
    corrector: how many it is corrected with, the newest among them; 0 leaves it as predicted.
    sigma_min: the least sigma / alpha at which noise is exchanged.
    sigma_max: the greatest such.
    lower_final: predict the last steps from as few evaluations as there are steps left, as diffusers does.
    reference: diffusers, as the authors' code in its mode for few steps, simplifies the weights wherever two
        evaluations enter, which costs no order.
    """
    halved = reference == "diffusers"

    def exchanged(here: ng.Level) -> float:
        return tau if sigma_min <= here.ratio <= sigma_max else 0.0

    def step(denoiser: ng.Denoiser, state: Memory, step: ng.Step) -> Memory:
        here, there, levels = step.here, step.there, step.levels
        seen = (denoiser(state.x, here), *state.seen)
        nodes = [level.log_snr / 2 for level in levels[step.index :: -1][: len(seen)]]
        x = state.x
        if corrector and state.origin is not None:
            before = levels[step.index - 1]
            most = min(corrector, step.total - step.index + 2) if lower_final else corrector
            x = moved(state.origin, before, here, exchanged(before), seen[:most], nodes, state.noise, halved)
        if there.sigma == 0:
            return Memory(there.alpha * seen[0])
        noise = step.noise() if exchanged(here) > 0 else None
        most = min(predictor, step.total - step.index) if lower_final else predictor
        predicted = moved(x, here, there, exchanged(here), seen[:most], nodes, noise, halved)
        return Memory(predicted, x, noise, seen[: max(predictor, corrector) - 1])

    return ng.Sampler(Memory, step, noisy=tau > 0, asks=ng.asks_here)


def moved(
    x: ng.Tensor,
    here: ng.Level,
    there: ng.Level,
    tau: float,
    data: tuple[ng.Tensor, ...],
    nodes: list[float],
    noise: ng.Tensor | None,
    halved: bool = False,
) -> ng.Tensor:
    """The SDE's exact solution for data that are a polynomial in lambda = log(alpha / sigma).

    nodes: lambda where each of the data was predicted.
    """
    start, end = here.log_snr / 2, there.log_snr / 2
    h = end - start
    moved = there.sigma / here.sigma * math.exp(-(tau**2) * h) * x
    found = weights(1 + tau**2, h, [end - node for node in nodes[: len(data)]], halved)
    for weight, x0 in zip(found, data, strict=True):
        moved = moved + there.alpha * weight * x0
    if noise is None:
        return moved
    return moved + there.sigma * math.sqrt(-math.expm1(-2 * tau**2 * h)) * noise
