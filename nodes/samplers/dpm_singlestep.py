"""DPM-Solver and DPM-Solver++ of orders 1 to 3 that ask the network between two levels, and remember nothing."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import noisegraph as ng
from pydantic import Field

from .ancestral import Eta, split
from .edm import needs_signal
from .exponential import Prediction, Solver, Span, advance, phi, predicted, slope_weight, span
from .state import Position

Order = Annotated[int, Field(ge=1, le=3)]


@ng.node(early=True)
def dpm_singlestep(
    *,
    order: Order = 3,
    prediction: Prediction = "x0",
    solver: Solver = "midpoint",
    evaluations: Annotated[int, Field(ge=0)] = 0,
    eta: Eta = 0.0,
) -> ng.Sampler:
    """DPM-Solver or ++, singlestep: `order` evaluations from level to level (Lu et al. 2022a, algorithms 1 to 5).

    prediction: x0 is DPM-Solver++, eps is DPM-Solver.
    solver: midpoint as in the paper, or heun, which is what the authors' code calls taylor.
    evaluations: if given, steps of lower order are mixed in to spend exactly so many (DPM-Solver-fast, appendix C.1).
    eta: the share of the ancestral noise that is added after each step but the last.
    """

    def step(denoiser: ng.Denoiser, state: Position, step: ng.Step) -> Position:
        here, there = step.here, step.there
        if there.sigma == 0:
            return Position(there.alpha * denoiser(state.x, here))
        allowed = _planned(evaluations, order, step.total)[step.index] if evaluations else order
        if allowed > 1 or prediction == "eps" or eta > 0:
            needs_signal(here)
        last = step.index + 1 == step.total
        down, up = split(step.process, here, there, 0.0 if last else eta)
        between = Between(denoiser, step.process, here, down, prediction, solver)
        x = there.alpha / down.alpha * between.solve(state.x, allowed)[1]
        return Position(x + there.alpha * up * step.noise() if up > 0 else x)

    return ng.Sampler(Position, step, noisy=eta > 0, asks=_asks_below if eta > 0 else None)


class Between(NamedTuple):
    """One step from `here` to `there`, in which the network is also asked at levels between."""

    denoiser: ng.Denoiser
    process: ng.Process
    here: ng.Level
    there: ng.Level
    prediction: Prediction
    solver: Solver

    def solve(self, x: ng.Tensor, order: int) -> tuple[ng.Tensor, ng.Tensor]:
        """The results of order - 1 (of 1, x itself) and of order; they share their evaluations."""
        m, whole = self._ask(x, self.here), self._until(self.there)
        if order == 1:
            return x, first(x, whole, m)
        r1 = 1 / order
        m1 = self._ask(first(x, self._until(self._level(r1)), m), self._level(r1))
        if order == 2:
            return first(x, whole, m), second(x, whole, m, m1, r1, self.solver)
        r2 = 2 / 3
        m2 = self._ask(second(x, self._until(self._level(r2)), m, m1, r1 / r2, "heun"), self._level(r2))
        return second(x, whole, m, m1, r1, self.solver), third(x, whole, m, m1, m2, r1, r2, self.solver)

    def _level(self, fraction: float) -> ng.Level:
        """The level at a fraction of the way in log-SNR."""
        start, end = self.here.log_snr, self.there.log_snr
        return self.process.at_log_snr(start + fraction * (end - start))

    def _until(self, there: ng.Level) -> Span:
        return span(self.here, there, self.prediction)

    def _ask(self, x: ng.Tensor, level: ng.Level) -> ng.Tensor:
        return predicted(self.denoiser(x, level), x, level, self.prediction)


def first(x: ng.Tensor, over: Span, m: ng.Tensor) -> ng.Tensor:
    """DPM-Solver-1, which is DDIM (Lu et al. 2022a, eq. 3.7)."""
    return advance(x, over, m)


def second(x: ng.Tensor, over: Span, m: ng.Tensor, m1: ng.Tensor, r1: float, solver: Solver) -> ng.Tensor:
    """DPM-Solver-2 (algorithm 4): m1 was predicted at the fraction r1 of the way."""
    return advance(x, over, m, (slope_weight(over.z, solver), (m1 - m) / r1))


def third(
    x: ng.Tensor, over: Span, m: ng.Tensor, m1: ng.Tensor, m2: ng.Tensor, r1: float, r2: float, solver: Solver
) -> ng.Tensor:
    """DPM-Solver-3 (algorithm 5), or with heun Taylor's series to the second derivative."""
    d1, d2 = (m1 - m) / r1, (m2 - m) / r2
    if solver == "midpoint":
        return advance(x, over, m, (phi(over.z, 2), d2))
    slope = (r2 * d1 - r1 * d2) / (r2 - r1)
    curvature = 2 * (d2 - d1) / (r2 - r1)
    return advance(x, over, m, (phi(over.z, 2), slope), (phi(over.z, 3), curvature))


def fast_orders(evaluations: int, order: int) -> tuple[int, ...]:
    """Orders of the steps that spend so many evaluations, the lower ones at the end (Lu et al. 2022a, appendix C.1)."""
    whole, rest = divmod(evaluations, order)
    if order == 3 and rest == 0:
        return (*[3] * (whole - 1), 2, 1)
    return (*[order] * whole, *([rest] if rest else []))


def _planned(evaluations: int, order: int, steps: int) -> tuple[int, ...]:
    orders = fast_orders(evaluations, order)
    if len(orders) != steps:
        raise ng.NodeError(
            f"{evaluations} evaluations are spent in {len(orders)} steps of order {order} or less, not in {steps}",
            f"take levels of {len(orders)} steps, or evaluations 0 for {order} a step",
        )
    return orders


def _asks_below(here: ng.Level, there: ng.Level) -> tuple[ng.Level, ng.Level]:
    """Before noise is added the step goes down as far as to the ratio there^2 / here; compared by log-SNR alone."""
    return here, there._replace(sigma=there.sigma * min(there.ratio / here.ratio, 1.0))


NODES = (dpm_singlestep,)
