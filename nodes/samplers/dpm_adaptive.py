"""DPM-Solver-12 and -23: steps as long as the difference between two orders allows."""

from __future__ import annotations

import math
from typing import Annotated, Literal, NamedTuple

import noisegraph as ng
from pydantic import Field

from .ancestral import Eta, split
from .dpm_singlestep import Between
from .edm import needs_signal
from .exponential import Prediction, Solver, half_log_snr

Positive = Annotated[float, Field(gt=0)]
Reference = Literal["k_diffusion"] | None
NEAR = 1e-8
"""Distances in lambda below this are rounding."""


class Attempt(NamedTuple):
    """x at lambda; the lower order's x there, the next step's length, and whether the last level is reached."""

    x: ng.Tensor
    lower: ng.Tensor | None = None
    half_log_snr: float | None = None
    h: float | None = None
    arrived: bool = False


@ng.node(early=True)
def dpm_adaptive(
    *,
    order: Annotated[int, Field(ge=2, le=3)] = 3,
    prediction: Prediction = "x0",
    solver: Solver = "midpoint",
    atol: Positive = 0.0078,
    rtol: Positive = 0.05,
    first_step: Positive = 0.05,
    eta: Eta = 0.0,
    reference: Reference = None,
) -> ng.Sampler:
    """DPM-Solver-12 or -23, which choose their steps themselves (Lu et al. 2022a, appendix C.2, algorithm 6).

    Of the levels the first and the last one count; how many there are is the most attempts, failed ones included.
    The error is taken over the whole batch.

    prediction: x0 is DPM-Solver++, eps is DPM-Solver.
    solver: midpoint as in the paper, or heun, which is what the authors' code calls taylor.
    atol: the error allowed for a small value; data reach from -1 to 1.
    rtol: the error allowed as a share of a large value.
    first_step: the length of the first step, in the half-log-SNR lambda.
    eta: the share of the ancestral noise that is added after each step.
    reference: k-diffusion controls the steps otherwise, and accepts a little more.
    """
    control = Control(atol, rtol, order, 1.5 if eta > 0 else order, reference)

    def step(denoiser: ng.Denoiser, state: Attempt, step: ng.Step) -> Attempt:
        if state.arrived:
            return state
        start, end, clean = _ends(step.levels)
        here = start if state.half_log_snr is None else step.process.at_log_snr(2 * state.half_log_snr)
        needs_signal(here)
        left = half_log_snr(end) - half_log_snr(here)
        if left <= NEAR:
            return Attempt(clean.alpha * denoiser(state.x, here), arrived=True)
        h = min(first_step if state.h is None else state.h, left)
        there = end if h >= left else step.process.at_log_snr(here.log_snr + 2 * h)
        down, up = split(step.process, here, there, eta)
        if down.ratio < end.ratio:
            down, up = end, math.sqrt(there.ratio**2 - end.ratio**2)
        results = Between(denoiser, step.process, here, down, prediction, solver).solve(state.x, order)
        lower, higher = (there.alpha / down.alpha * result for result in results)
        error = control.error(lower, higher, state.x if state.lower is None else state.lower)
        accepted, factor = control.judge(error)
        if not accepted:
            return _checked(step, Attempt(state.x, state.lower, half_log_snr(here), h * factor))
        x = higher + there.alpha * up * step.noise() if up > 0 else higher
        arrived = there is end and end is clean
        return _checked(step, Attempt(x, lower, half_log_snr(there), h * factor, arrived))

    return ng.Sampler(Attempt, step, noisy=eta > 0, finished=lambda state: state.arrived)


class Control(NamedTuple):
    """How the error of an attempt is measured, and what follows from it."""

    atol: float
    rtol: float
    order: int
    order_of_noise: float
    reference: Reference

    def error(self, lower: ng.Tensor, higher: ng.Tensor, before: ng.Tensor) -> float:
        """The difference of the two orders in units of what is allowed: 1 is the most."""
        allowed = (self.rtol * lower.abs().maximum(before.abs())).clamp(min=self.atol)
        squares = ((higher - lower) / allowed).square().flatten(1).mean(1)
        return float(squares.mean().sqrt() if self.reference == "k_diffusion" else squares.max().sqrt())

    def judge(self, error: float) -> tuple[bool, float]:
        """Whether the attempt counts, and by what the step's length is multiplied."""
        if not math.isfinite(error):
            return True, 1.0  # shorter steps would not help; whoever walks looks for NaN in x, and says where it was
        if self.reference == "k_diffusion":
            factor = 1 + math.atan((error + 1e-8) ** (-1 / self.order_of_noise) - 1)
            return factor >= 0.81, factor
        return error <= 1, 0.9 * max(error, 1e-12) ** (-1 / self.order)


def _ends(levels: ng.Levels) -> tuple[ng.Level, ng.Level, ng.Level]:
    """Where steps begin, the last level with noise, and the last level: clean data are one step of order 1 away."""
    clean = levels[-1]
    if clean.sigma > 0:
        return levels[0], clean, clean
    if levels.steps < 2:
        raise ng.NodeError(
            "an adaptive sampler cannot end at clean data in one step", "add a level before it, or end at sigma_min"
        )
    return levels[0], levels[-2], clean


def _checked(step: ng.Step, state: Attempt) -> Attempt:
    if step.index + 1 == step.total and not state.arrived:
        raise ng.NodeError(
            f"the last level is not reached in {step.total} attempts, half the log-SNR being {state.half_log_snr:.3g}",
            "give levels with more steps, or allow a larger error",
        )
    return state


NODES = (dpm_adaptive,)
