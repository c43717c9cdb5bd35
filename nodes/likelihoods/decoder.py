"""The last step of a reverse process: how likely a Gaussian makes the data, as pixels or as points."""

from __future__ import annotations

import math

import noisegraph as ng

HALF_PIXEL = 1 / 255
"""Half the distance of the 256 values of a pixel in [-1, 1]."""


def log_density(data: ng.Tensor, mean: ng.Tensor, log_variance: ng.Tensor) -> ng.Tensor:
    """log N(data; mean, e^log_variance) of every number, in nats."""
    return -(math.log(2 * math.pi) + log_variance + (data - mean) ** 2 * (-log_variance).exp()) / 2


def log_probability_of_pixels(data: ng.Tensor, mean: ng.Tensor, log_variance: ng.Tensor) -> ng.Tensor:
    """The logarithm of the Gaussian's mass on each pixel, in nats (Ho et al. 2020, eq. 13); the outer pixels are open.

    data: 8-bit pixels, k / 127.5 - 1. The normal's distribution function is the tanh approximation that published
    figures are made with, and masses below 1e-12 count as that.
    """
    import torch

    width = (-log_variance / 2).exp()
    below = _distribution(width * (data - mean - HALF_PIXEL))
    upto = _distribution(width * (data - mean + HALF_PIXEL))
    mass = torch.where(data < -0.999, upto, torch.where(data > 0.999, 1 - below, upto - below))
    return mass.clamp(min=1e-12).log()


def _distribution(x: ng.Tensor) -> ng.Tensor:
    """The standard normal's distribution function, approximately (Page 1977)."""
    return (1 + (math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)).tanh()) / 2
