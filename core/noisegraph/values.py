"""The types of the values that flow along a graph's edges; none of them needs torch to be named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, NewType

if TYPE_CHECKING:
    from torch import Tensor as Tensor
    from torch.nn import Module
else:

    class Tensor:
        """Stands for `torch.Tensor` in signatures, so that to read one does not import torch."""


Image = NewType("Image", Tensor)
"""Pictures: float32 [batch, channels (1 or 3), height, width] in [0, 1]."""

Mask = NewType("Mask", Tensor)
"""Weights of a region: float32 [batch, 1, height, width] in [0, 1]; 1 marks what is to change."""

Latent = NewType("Latent", Tensor)
"""The state of a diffusion process: float32 [batch, ...], at any noise level."""

Points = NewType("Points", Tensor)
"""Data without a picture's shape: float [batch, dimensions]."""

Condition = NewType("Condition", dict[str, Tensor])
"""What a network is told beside the state: the names of its forward's arguments -> tensors [1 or batch, ...]."""


@dataclass(frozen=True)
class Architecture:
    """A network without its weights: `build(**config)` makes the module, its parameters random."""

    build: Callable[..., Module]
    config: tuple[tuple[str, Any], ...] = ()

    def module(self) -> Module:
        """A new module with random parameters."""
        return self.build(**dict(self.config))


@dataclass(frozen=True)
class WeightsFile:
    """Weights to be written: `tensors` as NAME.safetensors, and beside them `card` as NAME.json."""

    tensors: Mapping[str, Tensor]
    card: Mapping[str, Any]


@dataclass(frozen=True)
class FileKind:
    """Marks a parameter that names a file which the node reads; `suffixes` are those it takes.

    `folders`: whether it takes a folder too, of which the node reads files.
    """

    suffixes: tuple[str, ...] = ()
    folders: bool = False


File = Annotated[str, FileKind()]
"""A path to a file that the node reads, confined to the allowed folders; its content is hashed into the key."""
