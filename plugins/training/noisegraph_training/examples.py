"""The values that flow between the nodes of training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import noisegraph as ng

from .objective import Loss
from .settings import Precision


class Examples(NamedTuple):
    """Data in the range that the network sees, one label each, and where they come from."""

    data: ng.Latent
    """float32 [examples, ...], about in [-1, 1]."""
    labels: ng.Tensor
    """int64 [examples], from 0 to `classes` - 1."""
    classes: int
    name: str
    licence: str


class Captioned(NamedTuple):
    """Pictures with words, and where they come from."""

    pixels: ng.Tensor
    """uint8 [examples, 3, height, width]; of grey ones 1 channel."""
    captions: list[str]
    name: str
    licence: str


@dataclass(frozen=True)
class Schedule:
    """How parameters go down a loss: what all kinds of training share."""

    iterations: int = 8000
    batch: int = 64
    learning_rate: float = 1e-3
    warmup: int = 200
    decay: float = 0.999
    per_step: int = 50
    accumulate: int = 1
    precision: Precision = "float32"
    seed: int = 0


class Trained(NamedTuple):
    """The averaged parameters by name, and how they came about."""

    parameters: dict[str, ng.Tensor]
    loss: float
    """Mean over the last tenth of the iterations, of the network itself, not of the average."""
    facts: dict[str, Any]
    """What a card says of them beside that, as JSON has it: the data, the settings, what was measured."""


class Goal(NamedTuple):
    """What a denoiser is to learn."""

    prediction: ng.Prediction
    loss: Loss
    levels: int
    """How many noise levels, evenly spaced in time."""
    drop: float
    """How often the condition is the empty one."""

    @property
    def learned_variance(self) -> bool:
        """Whether it puts out a variance as well."""
        return self.loss in ("hybrid", "bound")


def origin(examples: Examples | Captioned) -> dict[str, Any]:
    """What a card says of where its data come from."""
    return {"data": examples.name, "data_licence": examples.licence}


class Preview(Protocol):
    """How latents are shown, as sampler.preview gives it."""

    @property
    def space(self) -> str:
        """Whose colours they are, where there is no autoencoder."""

    def __call__(self, x0: ng.Tensor, /) -> ng.Tensor | None:
        """Pictures in [0, 1]; None for what has no picture's shape."""
