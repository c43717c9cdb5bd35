"""DPM-Solver singlestep on a grid of evaluations: each step asks once, blocks of up to three make a step of order 3."""

from __future__ import annotations

from typing import Literal, NamedTuple

import noisegraph as ng

from .dpm_multistep import Eta
from .dpm_singlestep import Order, fast_orders, first, second, third
from .edm import needs_signal
from .exponential import Prediction, Solver, Span, half_log_snr, predicted, span

Schedule = Literal["fast", "fixed"]
Reference = Literal["diffusers"] | None


class Block(NamedTuple):
    """x; of the block that is under way its first x, and what was predicted at its first and second level."""

    x: ng.Tensor
    start: ng.Tensor | None = None
    m: ng.Tensor | None = None
    m1: ng.Tensor | None = None


@ng.node(early=True)
def dpm_fast(
    *,
    order: Order = 3,
    prediction: Prediction = "x0",
    solver: Solver = "midpoint",
    schedule: Schedule = "fast",
    eta: Eta = 0.0,
    reference: Reference = None,
) -> ng.Sampler:
    """DPM-Solver-fast: singlestep steps of orders up to `order`, one evaluation per level (Lu et al. 2022a, C.1).

    prediction: x0 is DPM-Solver++, eps is DPM-Solver.
    solver: midpoint as in the paper, or heun, which is what the authors' code calls taylor.
    schedule: fast ends with lower orders, so that any number of levels fits; fixed wants a multiple of `order`.
    eta: how much of the reverse SDE's noise is added; 0 is the ODE, 1 is the SDE.
    reference: diffusers takes other points between in steps of order 3, and ends order 2 with two steps of order 1.
    """

    def step(denoiser: ng.Denoiser, state: Block, step: ng.Step) -> Block:
        here, there = step.here, step.there
        if prediction == "eps" or order > 1:
            needs_signal(here)
        x0 = denoiser(state.x, here)
        if there.sigma == 0:
            return Block(there.alpha * x0)
        latest = predicted(x0, state.x, here, prediction)
        block = _block(_orders(step.total, order, schedule, reference), step.index)
        at = block.at if state.m is not None else 0
        if at == 0:
            state = Block(state.x, state.x)
        levels = step.levels.points[step.index - at : step.index + 2]
        over = span(levels[0], there, prediction, eta)
        middle: Solver = solver if block.order == 2 or reference == "diffusers" else "heun"
        after = _evaluated(state, over, latest, levels, middle, solver)
        return after._replace(x=after.x + over.noise * step.path(*over.clock)) if over.noise > 0 else after

    return ng.Sampler(Block, step, noisy=eta > 0, asks=ng.asks_here)


def _evaluated(
    state: Block, over: Span, latest: ng.Tensor, levels: tuple[ng.Level, ...], middle: Solver, solver: Solver
) -> Block:
    """The block after one evaluation more: x at the last of its levels, from its first, by all that was predicted."""
    start = state.x if state.start is None else state.start
    if state.m is None:
        return Block(first(start, over, latest), start, latest)
    r1 = _fraction(levels, 1)
    if state.m1 is None:
        return Block(second(start, over, state.m, latest, r1, middle), start, state.m, latest)
    return Block(third(start, over, state.m, state.m1, latest, r1, _fraction(levels, 2), solver))


class Place(NamedTuple):
    """The order of the block that an evaluation belongs to, and its number in it."""

    order: int
    at: int


def _block(orders: tuple[int, ...], index: int) -> Place:
    for order in orders:
        if index < order:
            return Place(order, index)
        index -= order
    raise IndexError(index)


def _fraction(levels: tuple[ng.Level, ...], index: int) -> float:
    """How far along the way, in log-SNR, one of the levels of a block lies."""
    start, end = half_log_snr(levels[0]), half_log_snr(levels[-1])
    return (half_log_snr(levels[index]) - start) / (end - start)


def _orders(evaluations: int, order: int, schedule: Schedule, reference: Reference) -> tuple[int, ...]:
    if schedule == "fast":
        orders = fast_orders(evaluations, order)
        return (*orders[:-1], 1, 1) if reference == "diffusers" and order == 2 == orders[-1] else orders
    if evaluations % order:
        raise ng.NodeError(
            f"{evaluations} evaluations do not make steps of order {order}",
            f"take levels of a multiple of {order} steps, or the schedule fast",
        )
    return (order,) * (evaluations // order)


NODES = (dpm_fast,)
