"""The values that flow between the nodes of training."""

from __future__ import annotations

from typing import NamedTuple

import noisegraph as ng


class Examples(NamedTuple):
    """Data in the range that the network sees, one label each, and where they come from."""

    data: ng.Tensor
    """float32 [examples, ...], about in [-1, 1]."""
    labels: ng.Tensor
    """int64 [examples], from 0 to `classes` - 1."""
    classes: int
    name: str
    licence: str


class Settings(NamedTuple):
    """How a network is trained; the parameters of `train.ddpm`."""

    prediction: ng.Prediction
    iterations: int
    batch: int
    learning_rate: float
    warmup: int
    decay: float
    drop_label: float
    levels: int
    per_step: int
    seed: int


class Trained(NamedTuple):
    """The averaged parameters by name, and how they came about."""

    parameters: dict[str, ng.Tensor]
    loss: float
    """Mean over the last tenth of the iterations, of the network itself, not of the average."""
    settings: Settings
    process: ng.Process
    shape: tuple[int, ...]
    classes: int
    data: str
    data_licence: str
