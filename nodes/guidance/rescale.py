"""Guidance whose contrast is brought back to that of the conditional prediction (Lin et al. 2024)."""

from __future__ import annotations

from typing import Annotated, Literal

import noisegraph as ng
from pydantic import Field

from .cfg import Scale, extrapolated
from .combined import Combined
from .facts import of_one_model


@ng.node(early=True, facts=of_one_model("positive", "negative"))
def rescaled_cfg(
    positive: ng.Denoiser,
    negative: ng.Denoiser,
    *,
    scale: Scale = 7.5,
    rescale: Annotated[float, Field(ge=0, le=1)] = 0.7,
    of: Literal["v", "eps", "x0", "flow"] = "v",
) -> ng.Denoiser:
    """Classifier-free guidance with its standard deviation rescaled (Lin et al. 2024, section 3.4).

    rescale: phi, from plain guidance at 0 to the conditional prediction's own deviation at 1.
    of: which prediction's deviation is kept; the paper's networks predict v.
    """

    def combine(found: list[ng.Tensor], x: ng.Tensor, level: ng.Level) -> ng.Tensor:
        toward, away = (ng.from_x0(x0, x, level, of) for x0 in found)
        guided = extrapolated(toward, away, scale)
        factor = rescale * _contrast(toward, guided) + (1 - rescale)
        return ng.to_x0(guided * factor, x, level, of)

    return positive if scale == 1 else Combined((positive, negative), combine)


def _contrast(wanted: ng.Tensor, found: ng.Tensor) -> ng.Tensor:
    """The ratio of the standard deviations over all numbers of an image, [batch, 1, ...]; 1 where both are 0."""
    import torch

    deviations = (one.flatten(1).std(1, correction=0) for one in (wanted, found))
    ratio = torch.nan_to_num(torch.div(*deviations), nan=1.0)
    return ratio.reshape(-1, *[1] * (found.ndim - 1))


NODES = (rescaled_cfg,)
