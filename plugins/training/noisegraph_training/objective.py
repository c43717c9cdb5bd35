"""What a network is asked to put out, and how far from it a batch is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

import noisegraph as ng

from .batches import Batch

if TYPE_CHECKING:
    from torch import Tensor

Loss = Literal["simple", "min-snr", "hybrid", "bound"]
"""The squared error; that of the data times min(SNR, 5); the first with a learned variance; the variational bound."""
MOST = 5.0
"""gamma, the signal-to-noise ratio above which levels weigh no more (Hang et al. 2023)."""


def target(batch: Batch, prediction: ng.Prediction) -> Tensor:
    """What a perfect network of this prediction would put out, were the data known; inverts `ng.to_x0`."""
    if prediction == "x0":
        return batch.data
    if prediction == "eps":
        return batch.noise
    if prediction == "score":
        return -batch.noise / batch.sigma
    if prediction == "v":
        return batch.alpha * batch.noise - batch.sigma * batch.data
    return batch.noise - batch.data


def slope(batch: Batch, prediction: ng.Prediction) -> Tensor:
    """By how much the output changes with the data that it stands for, [batch, 1, ...]."""
    alpha, sigma = batch.alpha, batch.sigma
    if prediction == "x0":
        return alpha / alpha
    if prediction == "eps":
        return -alpha / sigma
    if prediction == "score":
        return alpha / sigma**2
    if prediction == "v":
        return -(alpha**2 + sigma**2) / sigma
    return -(alpha / sigma + 1)


def predicted_data(output: Tensor, batch: Batch, prediction: ng.Prediction) -> Tensor:
    """The data that an output stands for."""
    return batch.data + (output - target(batch, prediction)) / slope(batch, prediction)


def simple_loss(output: Tensor, batch: Batch, prediction: ng.Prediction) -> Tensor:
    """The mean squared error of the output (Ho et al. 2020, eq. 14); of a score times sigma^2 (Song & Ermon 2019)."""
    scale = batch.sigma if prediction == "score" else 1.0
    error: Tensor = scale * (output - target(batch, prediction))
    return error.square().mean()


def min_snr_loss(output: Tensor, batch: Batch, prediction: ng.Prediction) -> Tensor:
    """The mean squared error of the data, each weighted by min(SNR, 5) (Hang et al. 2023, eq. 8)."""
    weight = (batch.alpha / batch.sigma).square().clamp(max=MOST)
    error: Tensor = (output - target(batch, prediction)) / slope(batch, prediction)
    return (weight * error.square()).mean()


def loss_of(kind: Loss, prediction: ng.Prediction, levels: Sequence[ng.Level]) -> Callable[[Tensor, Batch], Tensor]:
    """The loss of a kind, as a function of what the network puts out for a batch at some of the levels."""
    if kind == "simple":
        return lambda output, batch: simple_loss(output, batch, prediction)
    if kind == "min-snr":
        return lambda output, batch: min_snr_loss(output, batch, prediction)
    from .variational import bound_loss, hybrid_loss, reverse_of

    reverse, loss = reverse_of(levels), bound_loss if kind == "bound" else hybrid_loss
    return lambda output, batch: loss(output, batch, prediction, reverse)
