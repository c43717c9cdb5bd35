"""CFG-Zero*: guidance away from the best multiple of the unconditional velocity, after steps that stand still."""

from __future__ import annotations

from typing import Annotated, Literal

import noisegraph as ng
from pydantic import Field


@ng.node(early=True)
def star(
    positive: ng.Denoiser,
    negative: ng.Denoiser,
    levels: ng.Levels | None = None,
    *,
    scale: Annotated[float, Field(ge=-100, le=1000)] = 4.0,
    zero_steps: Annotated[int, Field(ge=0, le=1000)] = 0,
    of: Literal["flow", "v"] = "flow",
) -> ng.Denoiser:
    """CFG-Zero* (Fan et al. 2025): s negative + scale (positive - s negative), s fitting the two to each other.

    levels: those that the sampler walks; needed for zero_steps.
    scale: 1 is the positive denoiser alone.
    zero_steps: in how many of the first steps the velocity is 0 (zero-init).
    of: the velocity that is guided, a flow's or that of v-prediction.
    """
    if zero_steps and levels is None:
        raise ng.NodeError("zero_steps without levels", "wire the levels that the sampler walks")
    stands = levels[: min(zero_steps, levels.steps)].points if levels is not None else ()

    def denoise(x: ng.Tensor, level: ng.Level) -> ng.Tensor:
        if level in stands:
            return ng.to_x0(0 * x, x, level, of)
        toward, away = (ng.from_x0(x0, x, level, of) for x0 in ng.together([positive, negative], x, level))
        base = projection(toward, away) * away
        return ng.to_x0(base + scale * (toward - base), x, level, of)

    return denoise


def projection(toward: ng.Tensor, away: ng.Tensor) -> ng.Tensor:
    """s that brings s away nearest to toward: their inner product over |away|^2, [batch, 1, ...]; 1 where away is 0."""
    import torch

    square = away.square().flatten(1).sum(1)
    found = torch.where(square > 0, (toward * away).flatten(1).sum(1) / square, 1.0)
    return found.reshape(-1, *[1] * (away.ndim - 1)).to(away.dtype)
