"""DPM-Solver and DPM-Solver++ of orders 1 to 3 that remember earlier predictions, for the ODE and for the SDE."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import noisegraph as ng
from pydantic import Field

from .edm import needs_signal
from .exponential import Prediction, Solver, advance, half_log_snr, phi, predicted, slope_weight, span

Eta = Annotated[float, Field(ge=0, le=4)]
Lower = Annotated[int, Field(ge=0)]
Reference = Literal["dpm_solver", "diffusers", "k_diffusion"] | None


class Memory(NamedTuple):
    """x, and what was predicted one and two steps before."""

    x: ng.Tensor
    before: ng.Tensor | None = None
    earlier: ng.Tensor | None = None


@ng.node(early=True)
def dpm_multistep(
    *,
    order: Annotated[int, Field(ge=1, le=3)] = 2,
    prediction: Prediction = "x0",
    solver: Solver = "midpoint",
    eta: Eta = 0.0,
    lower_order_final: Lower = 15,
    reference: Reference = None,
) -> ng.Sampler:
    """DPM-Solver++ or DPM-Solver, multistep: `order` of accuracy with one evaluation a step (Lu et al. 2022a, 2022b).

    prediction: x0 is DPM-Solver++, eps is DPM-Solver.
    solver: of the steps of second order; heun is what the authors' code calls taylor.
    eta: how much of the reverse SDE's noise is added; 0 is the ODE, 1 is SDE-DPM-Solver.
    lower_order_final: walks of fewer steps end with steps of second and first order; the authors take 10, diffusers 15.
    reference: the published codes halve the second derivative, so that order 3 reaches 2; this gives their numbers.
    """

    def step(denoiser: ng.Denoiser, state: Memory, step: ng.Step) -> Memory:
        here, there = step.here, step.there
        if prediction == "eps":
            needs_signal(here)
        x0 = denoiser(state.x, here)
        m = predicted(x0, state.x, here, prediction)
        if there.sigma == 0:
            return Memory(there.alpha * x0, m, state.before)
        over = span(here, there, prediction, eta)
        allowed = order if step.total >= lower_order_final else min(order, step.total - step.index)
        weights = (slope_weight(over.z, solver), phi(over.z, 2), _curvature_weight(over.z, reference, eta))
        x = advance(state.x, over, m, *_terms(step, m, state, allowed, weights))
        return Memory(x + over.noise * step.path(*over.clock) if over.noise > 0 else x, m, state.before)

    return ng.Sampler(Memory, step, noisy=eta > 0, asks=ng.asks_here)


def _terms(
    step: ng.Step, m: ng.Tensor, state: Memory, order: int, weights: tuple[float, float, float]
) -> list[tuple[float, ng.Tensor]]:
    """Derivatives by divided differences over the steps before, with the weights of their order (appendix B)."""
    if order == 1 or state.before is None:
        return []
    only_slope, slope, curvature = weights
    lambdas = [half_log_snr(level) for level in step.levels.points[max(step.index - 2, 0) : step.index + 2]]
    h = lambdas[-1] - lambdas[-2]
    r0 = (lambdas[-2] - lambdas[-3]) / h
    d1_0 = (m - state.before) / r0
    if order == 2 or state.earlier is None:
        return [(only_slope, d1_0)]
    r1 = (lambdas[-3] - lambdas[-4]) / h
    d1_1 = (state.before - state.earlier) / r1
    d1 = d1_0 + r0 / (r0 + r1) * (d1_0 - d1_1)
    d2 = 2 / (r0 + r1) * (d1_0 - d1_1)
    return [(slope, d1), (curvature, d2)]


def _curvature_weight(z: float, reference: Reference, eta: float) -> float:
    """phi_3; the published codes take half of it, and diffusers' SDE has the wrong sign before its 1/2."""
    if reference is None:
        return phi(z, 3)
    if reference == "diffusers" and eta > 0:
        return (phi(z, 3) + 1) / 2
    return phi(z, 3) / 2


NODES = (dpm_multistep,)
