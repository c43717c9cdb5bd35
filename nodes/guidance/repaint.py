"""Inpainting by the states of a sampler: the known part is replaced after each step, on levels that may jump back."""

from __future__ import annotations

import math
from typing import Annotated, Any

import noisegraph as ng
from pydantic import Field

from .inpaint import merged

OWN_DRAWS = 1 << 16
"""Draws from here on are the wrapper's own; a sampler's are numbered from 0."""


@ng.node(early=True)
def replace(sampler: ng.Sampler, known: ng.Latent, mask: ng.Mask) -> ng.Sampler:
    """Inpainting by replacement (Song et al. 2021, appendix I.2): after each step the known part is noised anew.

    On `guide.travel` levels, which go back up, this is RePaint (Lugmayr et al. 2022, algorithm 1).

    known: the data to keep, in the model's own space.
    mask: 1 where the picture is to change; of the state's size, or the picture's.
    """

    def step(denoiser: ng.Denoiser, state: Any, step: ng.Step) -> Any:
        if step.there.ratio > step.here.ratio:
            return sampler.init(renoised(state.x, step))
        after = sampler.step(denoiser, state, step)
        return after._replace(x=merged(after.x, noisy(ng.onto(known, after.x.device, after.x.dtype), step), mask))

    return sampler._replace(step=step, noisy=True, walks="both")


@ng.node(early=True)
def travel(
    levels: ng.Levels,
    *,
    length: Annotated[int, Field(ge=1, le=10_000)] = 10,
    times: Annotated[int, Field(ge=1, le=1000)] = 10,
) -> ng.Levels:
    """Levels with RePaint's jumps back in time (Lugmayr et al. 2022, section 4.2).

    length: how many levels a jump goes back.
    times: how often each stretch is walked; 1 does not jump.
    """
    last = levels.steps - 1
    left = dict.fromkeys(range(last, length - 1, -length), times - 1)
    places, place = [0], 0
    while place < levels.steps:
        place += 1
        places.append(place)
        if left.get(place, 0) > 0:
            left[place] -= 1
            places.extend(range(place - 1, place - length - 1, -1))
            place -= length
    return ng.Levels(tuple(levels[place] for place in places), levels.process)


def noisy(data: ng.Tensor, step: ng.Step) -> ng.Tensor:
    """Data brought forward to the level that a step goes to, by noise of the wrapper's own."""
    if step.there.sigma == 0:
        return step.there.alpha * data
    return ng.noised(data, step.noise(OWN_DRAWS), step.there)


def renoised(x: ng.Tensor, step: ng.Step) -> ng.Tensor:
    """x brought from a level to a noisier one: q(x_there | x_here)."""
    here, there = step.here, step.there
    kept = there.alpha / here.alpha
    return kept * x + math.sqrt(max(there.sigma**2 - (kept * here.sigma) ** 2, 0.0)) * step.noise(OWN_DRAWS)


NODES = (replace, travel)
