"""What a network is asked to put out, and how far from it a batch is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import noisegraph as ng

from .batches import Batch

if TYPE_CHECKING:
    from torch import Tensor


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


def simple_loss(output: Tensor, batch: Batch, prediction: ng.Prediction) -> Tensor:
    """The mean squared error of the network's output (Ho et al. 2020, eq. 14)."""
    from torch.nn import functional

    return functional.mse_loss(output, target(batch, prediction))
