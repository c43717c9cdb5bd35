"""Guidance as nodes: a denoiser made of denoisers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import noisegraph as ng
from pydantic import Field

Scale = Annotated[float, Field(ge=-100, le=1000)]
Noise = Annotated[float, Field(ge=0)]


@ng.node(early=True)
def cfg(positive: ng.Denoiser, negative: ng.Denoiser, *, scale: Scale = 7.5) -> ng.Denoiser:
    """Classifier-free guidance (Ho & Salimans 2022): negative + scale (positive - negative).

    scale: 1 is the positive denoiser alone, 0 the negative; the paper's w is scale - 1.
    """
    if scale == 1:
        return positive

    def denoise(x: ng.Tensor, level: ng.Level) -> ng.Tensor:
        toward, away = ng.together([positive, negative], x, level)
        return away + scale * (toward - away)

    return denoise


@ng.node(early=True)
def interval(guided: ng.Denoiser, plain: ng.Denoiser, *, sigma_min: Noise = 0.0, sigma_max: Noise = 1e9) -> ng.Denoiser:
    """Guidance only in a window of noise levels (Kynkäänniemi et al. 2024), where it helps.

    guided: acts where sigma_min < sigma / alpha <= sigma_max.
    plain: acts elsewhere.
    """
    if not sigma_min < sigma_max:
        raise ng.NodeError(f"an empty window of sigma from {sigma_min:g} to {sigma_max:g}", "sigma_min is the smaller")
    bounds = tuple(-2 * math.log(sigma) if sigma > 0 else math.inf for sigma in (sigma_max, sigma_min))
    return ng.Pieces((plain, guided, plain), bounds)


@ng.node(early=True)
def switch(
    before: ng.Denoiser,
    after: ng.Denoiser,
    levels: ng.Levels,
    *,
    at: Annotated[float, Field(ge=0, le=1)] = 0.6,
) -> ng.Denoiser:
    """One denoiser for the first part of the steps, another for the rest: a prompt that changes on the way.

    at: the share of the steps that `before` gets.
    """
    return ng.Pieces((before, after), (levels[round(at * levels.steps)].log_snr,))


@ng.hookimpl
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The nodes of this file."""
    return [cfg, interval, switch]
