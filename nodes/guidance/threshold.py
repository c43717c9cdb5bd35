"""Thresholding: predicted data kept in the range that data have."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import noisegraph as ng
from pydantic import Field

from .facts import of_one_model

Bound = Annotated[float, Field(gt=0)]


@ng.node(early=True, facts=of_one_model("denoiser"))
def clamp(denoiser: ng.Denoiser, *, low: float = -1.0, high: float = 1.0) -> ng.Denoiser:
    """Static thresholding: predicted data clipped to the range of the data (Ho et al. 2020).

    low: the least value that data have.
    high: the greatest.
    """
    if not low < high:
        raise ng.NodeError(f"an empty range from {low:g} to {high:g}", "low is the smaller")
    return Bounded(denoiser, lambda x0: x0.clamp(low, high))


@ng.node(early=True, facts=of_one_model("denoiser"))
def dynamic_threshold(
    denoiser: ng.Denoiser,
    *,
    quantile: Annotated[float, Field(gt=0, le=1)] = 0.995,
    least: Bound = 1.0,
    most: Bound | None = None,
) -> ng.Denoiser:
    """Dynamic thresholding (Imagen, Saharia et al. 2022, section 2.3): an image's extremes clipped, the rest shrunk.

    quantile: of an image's absolute values; where it is above `least`, what lies beyond is clipped and all divided.
    least: the range that data have, and the least that is clipped to (dpm-solver's thresholding_max_val).
    most: the greatest that is clipped to (diffusers' sample_max_value); none is Imagen's.
    """
    if most is not None and most < least:
        raise ng.NodeError(f"thresholds from {least:g} to {most:g}", "least is the smaller")
    return Bounded(denoiser, lambda x0: thresholded(x0, quantile, least, most))


@dataclass(frozen=True, eq=False)
class Bounded:
    """A denoiser whose data are brought into a range; it tells what they were, for samplers that ask."""

    denoiser: ng.Denoiser
    bound: Callable[[ng.Tensor], ng.Tensor]

    def __call__(self, x: ng.Tensor, level: ng.Level) -> ng.Tensor:
        return self.predict(x, level).x0

    def predict(self, x: ng.Tensor, level: ng.Level) -> ng.Predicted:
        """The data in the range, the learned variance, and the data as they were."""
        found = ng.predict(self.denoiser, x, level)
        return ng.Predicted(self.bound(found.x0), found.variance, found.x0)


def thresholded(x0: ng.Tensor, quantile: float, least: float, most: float | None) -> ng.Tensor:
    """x0 clipped to its image's own range [-s, s] and divided by s, so that it lies in [-1, 1]."""
    bound = _quantile(x0.abs().flatten(1), quantile).clamp(least, most)
    bound = bound.reshape(-1, *[1] * (x0.ndim - 1))
    return x0.clamp(-bound, bound) / bound


def _quantile(values: ng.Tensor, quantile: float) -> ng.Tensor:
    """The quantile of each row, linear between neighbours; torch's own refuses rows as large as pictures."""
    ordered = values.sort(1).values
    place = quantile * (values.shape[1] - 1)
    low, high = math.floor(place), math.ceil(place)
    return ordered[:, low].lerp(ordered[:, high], place - low)


NODES = (clamp, dynamic_threshold)
