"""UniPC: a multistep predictor, and a corrector that uses the next step's evaluation to mend the step before."""

from __future__ import annotations

import math
from typing import Annotated, Literal, NamedTuple

import noisegraph as ng
from pydantic import Field

from .dpm_multistep import Lower
from .edm import needs_signal
from .exponential import Prediction, Span, advance, half_log_snr, interpolated, phi, predicted, span

Variant = Literal["b1", "b2", "vary_coeff"]
Reference = Literal["published"] | None


class Memory(NamedTuple):
    """x as predicted; the x that it was predicted from, by which order, and the predictions up to there."""

    x: ng.Tensor
    origin: ng.Tensor | None = None
    order: int = 0
    newest: ng.Tensor | None = None
    before: ng.Tensor | None = None
    earlier: ng.Tensor | None = None


@ng.node(early=True)
def unipc(
    *,
    order: Annotated[int, Field(ge=1, le=3)] = 2,
    variant: Variant = "b2",
    prediction: Prediction = "x0",
    uncorrected: Annotated[int, Field(ge=0)] = 0,
    lower_order_final: Lower = 15,
    reference: Reference = None,
) -> ng.Sampler:
    """UniPC, of order `order` + 1 with one evaluation a step (Zhao et al. 2023, algorithms 5 to 8).

    variant: B(h) = h or e^h - 1 where a coefficient is simplified, which is in orders 1 and 2; vary_coeff never does.
    uncorrected: how many of the first steps are left as predicted: 1 helps with large guidance scales.
    lower_order_final: walks of fewer steps end with steps of second and first order; the published codes always do.
    reference: the published code drops terms of vary_coeff's corrector and reaches order 1; this gives its numbers.
    """

    def step(denoiser: ng.Denoiser, state: Memory, step: ng.Step) -> Memory:
        here, there = step.here, step.there
        if prediction == "eps":
            needs_signal(here)
        latest = predicted(denoiser(state.x, here), state.x, here, prediction)
        x = state.x
        seen = step.index + 1 if step.levels[0].alpha > 0 else step.index  # a level without signal is infinitely far
        if state.origin is not None and step.index > uncorrected and seen > 1:
            x = _corrected(step, state, latest, prediction, variant, reference)
        known = [m for m in (latest, state.newest, state.before) if m is not None]
        allowed = order if step.total >= lower_order_final else min(order, step.total - step.index)
        used = min(allowed, len(known), max(seen, 1)) if there.sigma > 0 else 1
        return Memory(_predicted(step, x, known[:used], prediction, variant), x, used, *known)

    return ng.Sampler(Memory, step, noisy=False, asks=ng.asks_here)


def _predicted(
    step: ng.Step, x: ng.Tensor, known: list[ng.Tensor], prediction: Prediction, variant: Variant
) -> ng.Tensor:
    """UniP-p: from `here` to `there` by the p latest predictions, newest first (algorithm 6)."""
    here, there = step.here, step.there
    if there.sigma == 0:
        x0 = known[0] if prediction == "x0" else (x - here.sigma * known[0]) / here.alpha
        return there.alpha * x0
    over = span(here, there, prediction)
    nodes = _nodes(step, step.index, len(known))
    simple = len(nodes) == 1 and variant != "vary_coeff"
    weights = [_half(over.z, variant)] if simple else interpolated(over.z, nodes)
    return _advanced(x, over, known, nodes, weights)


def _corrected(
    step: ng.Step, state: Memory, latest: ng.Tensor, prediction: Prediction, variant: Variant, reference: Reference
) -> ng.Tensor:
    """UniC-p: the step that led here again, now that the prediction made here is known (algorithm 5)."""
    over = span(step.levels[step.index - 1], step.here, prediction)
    nodes = [*_nodes(step, step.index - 1, state.order), 1.0]
    past = [m for m in (state.newest, state.before, state.earlier) if m is not None][: state.order]
    if variant == "vary_coeff":
        weights = _published(over.z, nodes) if reference == "published" else interpolated(over.z, nodes)
    else:
        weights = [_half(over.z, variant)] if len(nodes) == 1 else interpolated(over.z, nodes)
    return _advanced(state.origin if state.origin is not None else state.x, over, [*past, latest], nodes, weights)


def _nodes(step: ng.Step, index: int, count: int) -> list[float]:
    """Where the predictions before the one at `index` lie: r_j = (lambda_j - lambda) / h, negative."""
    lambdas = [half_log_snr(level) for level in step.levels.points[index - count + 1 : index + 2]]
    h = lambdas[-1] - lambdas[-2]
    return [(earlier - lambdas[-2]) / h for earlier in reversed(lambdas[:-2])]


def _half(z: float, variant: Variant) -> float:
    """B(h) / 2, which stands for phi_2."""
    return z / 2 if variant == "b1" else phi(z, 1) / 2


def _advanced(x: ng.Tensor, over: Span, known: list[ng.Tensor], nodes: list[float], weights: list[float]) -> ng.Tensor:
    m, *others = known
    terms = [(weight / r, other - m) for weight, r, other in zip(weights, nodes, others, strict=True)]
    return advance(x, over, m, *terms)


def _published(z: float, nodes: list[float]) -> list[float]:
    """vary_coeff's corrector as its authors' code has it, a row of the inverse matrix short."""
    import numpy

    count = len(nodes)
    inverse = numpy.linalg.inv(numpy.array([[r**k / math.factorial(k + 1) for k in range(count)] for r in nodes]))
    old = [sum(phi(z, k + 2) * inverse[k, j] for k in range(count - 1)) for j in range(count - 1)]
    return [float(weight) for weight in (*old, phi(z, count + 1) * inverse[max(count - 2, 0), -1])]


NODES = (unipc,)
