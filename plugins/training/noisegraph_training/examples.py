"""The values that flow between the nodes of training."""

from __future__ import annotations

from typing import Any, NamedTuple

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


class Captioned(NamedTuple):
    """Pictures with words, and where they come from."""

    pixels: ng.Tensor
    """uint8 [examples, 3, height, width]."""
    captions: list[str]
    name: str
    licence: str


class Descent(NamedTuple):
    """How parameters go down a loss."""

    iterations: int
    learning_rate: float
    warmup: int
    decay: float
    per_step: int
    seed: int


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

    @property
    def descent(self) -> Descent:
        """Those of how the parameters go down the loss."""
        return Descent(self.iterations, self.learning_rate, self.warmup, self.decay, self.per_step, self.seed)


class Trained(NamedTuple):
    """The averaged parameters by name, and how they came about."""

    parameters: dict[str, ng.Tensor]
    loss: float
    """Mean over the last tenth of the iterations, of the network itself, not of the average."""
    facts: dict[str, Any]
    """What a card says of them beside that, as JSON has it: the data, the settings, what was measured."""
