"""Negative prompts that take nothing away from the positive one (Perp-Neg, Armandpour et al. 2023)."""

from __future__ import annotations

from typing import Annotated

import noisegraph as ng
from pydantic import Field

from .cfg import Scale
from .combined import Combined, along
from .facts import of_one_model


@ng.node(early=True, facts=of_one_model("positive", "plain"))
def perp_neg(
    positive: ng.Denoiser,
    plain: ng.Denoiser,
    negatives: list[ng.Denoiser],
    *,
    scale: Scale = 7.5,
    weights: Annotated[list[float], Field(min_length=1)] = [1.0],  # noqa: B006
) -> ng.Denoiser:
    """Perpendicular negative prompts (Armandpour et al. 2023).

    plain: under no condition.
    negatives: of each, only what stands at right angles to the positive direction is subtracted.
    weights: how strongly; one a negative, or one for all.
    """
    each = list(weights) * len(negatives) if len(weights) == 1 else list(weights)
    if len(each) != len(negatives):
        raise ng.NodeError(f"{len(each)} weights for {len(negatives)} negatives", "give one weight a negative")

    def combine(found: list[ng.Tensor], x: ng.Tensor, level: ng.Level) -> ng.Tensor:
        toward, base, *avoided = found
        direction = toward - base
        guided = direction
        for weight, one in zip(each, avoided, strict=True):
            guided = guided - weight * ((one - base) - along(one - base, direction))
        return base + scale * guided

    return Combined((positive, plain, *negatives), combine)


NODES = (perp_neg,)
