"""The types of the values that flow along a graph's edges; none of them needs torch to be named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, NewType

if TYPE_CHECKING:
    from torch import Tensor as Tensor
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


@dataclass(frozen=True)
class FileKind:
    """Marks a parameter that names a file which the node reads; `suffixes` are those it takes."""

    suffixes: tuple[str, ...] = ()


File = Annotated[str, FileKind()]
"""A path to a file that the node reads: resolved, confined to the allowed folders, and hashed by content into the key."""
