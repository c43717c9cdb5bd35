"""Classifier-free guidance by both conventions of its scale, and autoguidance, its sibling with a worse model."""

from __future__ import annotations

from typing import Annotated

import noisegraph as ng
from pydantic import Field

from .combined import Combined
from .facts import of_one_model

Scale = Annotated[float, Field(ge=-100, le=1000)]


@ng.node(early=True, facts=of_one_model("positive", "negative"))
def cfg(positive: ng.Denoiser, negative: ng.Denoiser, *, scale: Scale = 7.5) -> ng.Denoiser:
    """Classifier-free guidance (Ho & Salimans 2022): negative + scale (positive - negative).

    scale: 1 is the positive denoiser alone, 0 the negative; the paper's w is scale - 1.
    """
    return away_from(positive, negative, scale)


@ng.node(early=True, facts=of_one_model("positive", "negative"))
def cfg_w(positive: ng.Denoiser, negative: ng.Denoiser, *, w: Scale = 6.5) -> ng.Denoiser:
    """Classifier-free guidance with the paper's own w (Ho & Salimans 2022, eq. 6): (1 + w) positive - w negative.

    w: 0 is the positive denoiser alone, -1 the negative; `guide.cfg` calls 1 + w the scale.
    """
    return away_from(positive, negative, 1 + w)


@ng.node(early=True, facts=of_one_model("denoiser", "weak", family=False))
def autoguidance(denoiser: ng.Denoiser, weak: ng.Denoiser, *, scale: Scale = 2.0) -> ng.Denoiser:
    """Autoguidance (Karras et al. 2024): weak + scale (denoiser - weak).

    weak: a smaller or less trained model of the same data, under the same condition.
    scale: 1 is the denoiser alone.
    """
    return away_from(denoiser, weak, scale)


def away_from(positive: ng.Denoiser, negative: ng.Denoiser, scale: float) -> ng.Denoiser:
    """negative + scale (positive - negative); where one of the two has no part in that, it is not asked."""
    if scale in (0, 1):
        return positive if scale == 1 else negative

    def combine(found: list[ng.Tensor], x: ng.Tensor, level: ng.Level) -> ng.Tensor:
        toward, away = found
        return extrapolated(toward, away, scale)

    return Combined((positive, negative), combine)


def extrapolated(toward: ng.Tensor, away: ng.Tensor, scale: float) -> ng.Tensor:
    """From `away` through `toward`, which scale 1 reaches."""
    return away + scale * (toward - away)


NODES = (cfg, cfg_w, autoguidance)
