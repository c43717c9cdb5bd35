"""DPM-Solver singlestep on a grid of evaluations: each step asks once, blocks of up to three make a step of order 3."""

from __future__ import annotations

from typing import Literal, NamedTuple

import noisegraph as ng

from .dpm_singlestep import Order, fast_orders, first, second, third
from .edm import needs_signal
from .exponential import Prediction, Solver, half_log_snr, predicted, span

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
    reference: Reference = None,
) -> ng.Sampler:
    """DPM-Solver-fast: singlestep steps of orders up to `order`, one evaluation per level (Lu et al. 2022a, C.1).

    prediction: x0 is DPM-Solver++, eps is DPM-Solver.
    solver: midpoint as in the paper, or heun, which is what the authors' code calls taylor.
    schedule: fast ends with lower orders, so that any number of levels fits; fixed wants a multiple of `order`.
    reference: diffusers takes other intermediate points in steps of order 3, and ends order 2 with two steps of order 1.
    """

    def step(denoiser: ng.Denoiser, state: Block, step: ng.Step) -> Block:
        here, there = step.here, step.there
        if prediction == "eps":
            needs_signal(here)
        x0 = denoiser(state.x, here)
        if there.sigma == 0:
            return Block(there.alpha * x0)
        latest = predicted(x0, state.x, here, prediction)
        place = _place(_orders(step.total, order, schedule, reference), step.index)
        if place.at == 0 or state.start is None or state.m is None:
            return Block(first(state.x, span(here, there, prediction), latest), state.x, latest)
        levels = step.levels.points[step.index - place.at : step.index + 2]
        over = span(levels[0], there, prediction)
        if place.at == 1 or state.m1 is None:
            middle: Solver = solver if place.order == 2 or reference == "diffusers" else "heun"
            x = second(state.start, over, state.m, latest, _fraction(levels, 1), middle)
            return Block(x, state.start, state.m, latest)
        r1, r2 = _fraction(levels, 1), _fraction(levels, 2)
        return Block(third(state.start, over, state.m, state.m1, latest, r1, r2, solver))

    return ng.Sampler(Block, step, noisy=False, asks=ng.asks_here)


class Place(NamedTuple):
    """The order of the block that an evaluation belongs to, and its number in it."""

    order: int
    at: int


def _place(orders: tuple[int, ...], index: int) -> Place:
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
