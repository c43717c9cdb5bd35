"""Several conditions at once: their sum with weights, or each in a region of its own."""

from __future__ import annotations

from typing import Annotated

import noisegraph as ng
from pydantic import Field

from .combined import Combined
from .facts import of_one_model


@ng.node(early=True, facts=of_one_model("plain"))
def compose(
    conditions: list[ng.Denoiser], plain: ng.Denoiser, *, scales: Annotated[list[float], Field(min_length=1)]
) -> ng.Denoiser:
    """A conjunction of conditions (Liu et al. 2022): plain + sum of scale (condition - plain).

    plain: under no condition.
    scales: one a condition; below 0 the condition is negated.
    """
    if len(scales) != len(conditions):
        raise ng.NodeError(f"{len(scales)} scales for {len(conditions)} conditions", "give one scale a condition")

    def combine(found: list[ng.Tensor], x: ng.Tensor, level: ng.Level) -> ng.Tensor:
        base, *wanted = found
        return base + sum((scale * (one - base) for scale, one in zip(scales, wanted, strict=True)), 0 * base)

    return Combined((plain, *conditions), combine)


@ng.node(early=True)
def mean(denoisers: list[ng.Denoiser], *, weights: Annotated[list[float], Field(min_length=1)]) -> ng.Denoiser:
    """The weighted mean of denoisers: prompts blended with one another, or models.

    weights: one a denoiser; they are divided by their sum.
    """
    if len(weights) != len(denoisers):
        raise ng.NodeError(f"{len(weights)} weights for {len(denoisers)} denoisers", "give one weight a denoiser")
    total = sum(weights)
    if total == 0:
        raise ng.NodeError("the weights sum to 0", "give weights that have a mean")

    def combine(found: list[ng.Tensor], x: ng.Tensor, level: ng.Level) -> ng.Tensor:
        first, *others = found
        return first + sum((w / total * (one - first) for w, one in zip(weights[1:], others, strict=True)), 0 * first)

    return Combined(tuple(denoisers), combine)


@ng.node(early=True, facts=of_one_model("outside"))
def regions(inside: list[ng.Denoiser], masks: list[ng.Mask], outside: ng.Denoiser) -> ng.Denoiser:
    """A denoiser for each region of the picture (as MultiDiffusion, Bar-Tal et al. 2023, with soft masks).

    inside: one a mask.
    masks: where each acts, of the picture's or the latent's size; where they overlap, by their weights.
    outside: acts where the masks leave something over.
    """
    if len(inside) != len(masks):
        raise ng.NodeError(f"{len(masks)} masks for {len(inside)} denoisers", "give one mask a denoiser")

    def combine(found: list[ng.Tensor], x: ng.Tensor, level: ng.Level) -> ng.Tensor:
        import torch

        base, *wanted = found
        weights = torch.stack([sized(mask, x) for mask in masks])
        weights = weights / weights.sum(0).clamp(min=1)
        return base + sum((w * (one - base) for w, one in zip(weights, wanted, strict=True)), 0 * base)

    return Combined((outside, *inside), combine)


def sized(mask: ng.Mask, x: ng.Tensor) -> ng.Tensor:
    """The mask over the state's height and width, each number the mean of what it covers; [1 or batch, 1, ...]."""
    from torch.nn import functional

    given = ng.onto(mask, x.device, x.dtype)
    if given.shape[2:] == x.shape[2:]:
        return given
    if x.ndim != 4:
        raise ng.NodeError(
            f"a mask of {tuple(mask.shape)} for states of {tuple(x.shape)}", "give a mask of the state's own shape"
        )
    return functional.interpolate(given, size=x.shape[2:], mode="area")


NODES = (compose, mean, regions)
