"""DPM-Solver++(2M): a multistep method of second order on the data prediction."""

from __future__ import annotations

import math
from typing import NamedTuple

import noisegraph as ng


class Memory(NamedTuple):
    """x, and the data predicted at the step before, if there was one."""

    x: ng.Tensor
    x0: ng.Tensor | None = None


@ng.node(early=True)
def dpmpp_2m() -> ng.Sampler:
    """DPM-Solver++(2M), of second order with one evaluation a step (Lu et al. 2022b, algorithm 2)."""
    return ng.Sampler(Memory, _step, noisy=False, asks=ng.asks_here)


def _step(denoiser: ng.Denoiser, state: Memory, step: ng.Step) -> Memory:
    here, there = step.here, step.there
    x0 = denoiser(state.x, here)
    if there.sigma == 0:
        return Memory(there.alpha * x0, x0)
    h = (there.log_snr - here.log_snr) / 2
    slope = x0
    if state.x0 is not None:
        h_before = (here.log_snr - step.levels[step.index - 1].log_snr) / 2
        slope = x0 + h / (2 * h_before) * (x0 - state.x0)
    return Memory(there.sigma / here.sigma * state.x - there.alpha * math.expm1(-h) * slope, x0)


NODES = (dpmpp_2m,)
