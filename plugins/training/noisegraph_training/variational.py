"""The variational bound as a loss, for networks that learn the variance of the reverse process too."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import noisegraph as ng
import torch
from torch import Tensor

from .batches import Batch
from .objective import predicted_data, simple_loss

HALF_PIXEL = 1 / 255
"""Half the distance of the 256 values of a pixel in [-1, 1]."""


class Reverse(NamedTuple):
    """What q(x_before | x, x_0) of every level is made of, each [levels]; the first level's step is to clean data."""

    data_weight: Tensor
    """What x_0 is multiplied by in the mean (Ho et al. 2020, eq. 7)."""
    log_small: Tensor
    """log beta-tilde; of the first level, where it is 0, that of the second."""
    log_large: Tensor
    """log beta."""


def reverse_of(levels: Sequence[ng.Level]) -> Reverse:
    """The reverse steps between neighbouring levels, from the least noisy on."""
    before = [ng.Level(0.0, 1.0, 0.0), *levels[:-1]]
    large = [
        here.sigma**2 - (here.alpha / there.alpha * there.sigma) ** 2
        for here, there in zip(levels, before, strict=True)
    ]
    pairs = list(zip(levels, before, large, strict=True))
    small = [beta * (there.sigma / here.sigma) ** 2 for here, there, beta in pairs]
    weights = [there.alpha * beta / here.sigma**2 for here, there, beta in pairs]
    small[0] = small[1]
    return Reverse(*(torch.tensor(part, device="cpu") for part in (weights, _logs(small), _logs(large))))


def bound_loss(output: Tensor, batch: Batch, prediction: ng.Prediction, reverse: Reverse) -> Tensor:
    """The variational bound in bits a number: an estimate of the sum over all levels (Ho et al. 2020, eq. 5)."""
    mean, raw = _parted(output, batch)
    return _term(mean, raw, batch, prediction, reverse) * len(reverse.log_small)


def hybrid_loss(output: Tensor, batch: Batch, prediction: ng.Prediction, reverse: Reverse) -> Tensor:
    """The simple loss, and a thousandth of the bound for the variance alone (Nichol & Dhariwal 2021, eq. 16)."""
    mean, raw = _parted(output, batch)
    bound = _term(mean.detach(), raw, batch, prediction, reverse) * len(reverse.log_small)
    return simple_loss(mean, batch, prediction) + bound / 1000


def _term(mean: Tensor, raw: Tensor, batch: Batch, prediction: ng.Prediction, reverse: Reverse) -> Tensor:
    """One term of the bound for each item, in bits a number, in the mean: a KL, and at the first level a likelihood."""
    shape = (-1, *[1] * (batch.x.dim() - 1))
    weight, small, large = (part.to(batch.x)[batch.step].view(shape) for part in reverse)
    fraction = (raw + 1) / 2
    log_variance = fraction * large + (1 - fraction) * small
    x0 = predicted_data(mean, batch, prediction)
    moved = (weight * (x0 - batch.data)).square()
    divergence = (log_variance - small - 1 + (small - log_variance).exp() + moved * (-log_variance).exp()) / 2
    first = (batch.step == 0).view(shape)
    # Where the KL counts, the likelihood is given the data itself: what is thrown away must have finite gradients.
    likelihood = log_probability_of_pixels(batch.data, torch.where(first, x0, batch.data), log_variance)
    return torch.where(first, -likelihood, divergence).mean() / math.log(2)


def log_probability_of_pixels(data: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """The logarithm of a normal's mass on each pixel in nats, the outer ones open (Ho et al. 2020, eq. 13)."""
    width = (-log_variance / 2).exp()
    below, upto = (_distribution(width * (data - mean + half)) for half in (-HALF_PIXEL, HALF_PIXEL))
    mass = torch.where(data < -0.999, upto, torch.where(data > 0.999, 1 - below, upto - below))
    return mass.clamp(min=1e-12).log()


def _distribution(x: Tensor) -> Tensor:
    """The standard normal's distribution function, by the approximation that published figures are made with."""
    return (1 + (math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)).tanh()) / 2


def _parted(output: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    mean, raw = output.chunk(2, dim=1)
    return mean, raw


def _logs(values: Sequence[float]) -> list[float]:
    return [math.log(value) for value in values]
