"""Guidance that changes along the walk: the scale rises or falls, prompts follow one another, a window opens."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Annotated, Literal

import noisegraph as ng
from pydantic import Field

from .cfg import Scale, extrapolated
from .combined import Combined
from .facts import of_one_model
from .progress import progress

Noise = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


@ng.node(early=True, facts=of_one_model("positive", "negative"))
def cfg_schedule(
    positive: ng.Denoiser,
    negative: ng.Denoiser,
    levels: ng.Levels,
    *,
    start: Scale = 0.0,
    end: Scale = 15.0,
    shape: Literal["linear", "cosine"] = "linear",
    power: Annotated[float, Field(gt=0, le=16)] = 1.0,
) -> ng.Denoiser:
    """Classifier-free guidance whose scale changes along the walk (Wang et al. 2024).

    levels: those that the sampler walks.
    start: the scale at the first step.
    end: the scale at the last step.
    shape: linear, or half a period of a cosine, in the share u of the walk.
    power: of u; cosine with a power is the power-cosine of Gao et al. 2023.
    """

    def combine(found: list[ng.Tensor], x: ng.Tensor, level: ng.Level) -> ng.Tensor:
        share = progress(levels, level) ** power
        if shape == "cosine":
            share = (1 - math.cos(math.pi * share)) / 2
        toward, away = found
        return extrapolated(toward, away, start + share * (end - start))

    return Combined((positive, negative), combine)


@ng.node(early=True, facts=of_one_model("guided", "plain"))
def interval(
    guided: ng.Denoiser, plain: ng.Denoiser, *, sigma_min: Noise = 0.0, sigma_max: Noise | None = None
) -> ng.Denoiser:
    """Guidance only in a window of noise levels (Kynkäänniemi et al. 2024), where it helps.

    guided: acts where sigma_min < sigma / alpha <= sigma_max.
    plain: acts elsewhere.
    sigma_max: no limit, where it is not given: pure noise is guided as well.
    """
    if sigma_max is not None and not sigma_min < sigma_max:
        raise ng.NodeError(f"an empty window of sigma from {sigma_min:g} to {sigma_max:g}", "sigma_min is the smaller")
    opens = -math.inf if sigma_max is None else -2 * math.log(sigma_max)
    closes = -2 * math.log(sigma_min) if sigma_min > 0 else math.inf
    return ng.Pieces((plain, guided, plain), (opens, closes))


@ng.node(early=True, facts=of_one_model("before", "after"))
def switch(before: ng.Denoiser, after: ng.Denoiser, levels: ng.Levels, *, at: Share = 0.6) -> ng.Denoiser:
    """One denoiser for the first part of the steps, another for the rest: a prompt that changes on the way.

    at: the share of the steps that `before` gets.
    """
    return ng.Pieces((before, after), (_reached(levels, at),))


@ng.node(early=True, facts=of_one_model("inside", "outside"))
def between(
    inside: ng.Denoiser, outside: ng.Denoiser, levels: ng.Levels, *, start: Share = 0.0, end: Share = 1.0
) -> ng.Denoiser:
    """One denoiser for the steps in the middle, another before and after: a ControlNet or LoRA for part of the walk.

    levels: those that the sampler walks.
    start: the share of the steps that is done when `inside` begins.
    end: the share that is done when it ends; where that is not after the start, it never acts.
    """
    if start >= end:
        return outside
    denoisers, bounds = [inside], []
    if start > 0:
        denoisers, bounds = [outside, inside], [_reached(levels, start)]
    if end < 1:
        denoisers, bounds = [*denoisers, outside], [*bounds, _reached(levels, end)]
    return ng.Pieces(tuple(denoisers), tuple(bounds))


@ng.node(early=True)
def prompts(
    denoisers: list[ng.Denoiser],
    levels: ng.Levels,
    *,
    shares: Annotated[list[Annotated[float, Field(gt=0)]], Field(min_length=1)],
) -> ng.Denoiser:
    """Denoisers that follow one another along the walk, each for its share of the steps: a schedule of prompts.

    levels: those that the sampler walks.
    shares: one a denoiser; they are divided by their sum.
    """
    if len(denoisers) != len(shares):
        raise ng.NodeError(f"{len(shares)} shares for {len(denoisers)} denoisers", "give one share a denoiser")
    ends = [sum(shares[: index + 1]) / sum(shares) for index in range(len(shares) - 1)]
    bounds = tuple(_reached(levels, end) for end in ends)
    for index, (one, other) in enumerate(pairwise((levels[0].log_snr, *bounds, levels[-1].log_snr))):
        if not one < other:
            raise ng.NodeError(
                f"share {index} is less than a step of {levels.steps}", "take more steps or fewer shares"
            )
    return ng.Pieces(tuple(denoisers), bounds)


def _reached(levels: ng.Levels, share: float) -> float:
    """The log-SNR that the walk has reached after that share of its steps."""
    return levels[round(share * levels.steps)].log_snr


NODES = (cfg_schedule, interval, switch, between, prompts)
