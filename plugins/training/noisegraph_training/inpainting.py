"""What a denoiser that fills in is told: random masks, and the latent around them."""

from __future__ import annotations

import torch
from numpy.random import Generator
from torch import Tensor

from .batches import Batch

WHOLE = 0.2
"""How often all is masked, so that the network can draw alone too."""
MOST = 3
"""Rectangles of a mask."""


def told(batch: Batch, random: Generator) -> dict[str, Tensor]:
    """A mask an item and what is around it, `concat`; a dropped condition keeps them."""
    return {"concat": around(batch.data, masks(random, batch.data))}


def around(data: Tensor, mask: Tensor) -> Tensor:
    """The mask, 1 where is to be drawn, and the data where it is 0: [batch, 1 + channels, height, width]."""
    return torch.cat([mask, data * (1 - mask)], dim=1)


def masks(random: Generator, like: Tensor) -> Tensor:
    """A mask of a few rectangles for each item, or a whole one: [batch, 1, height, width]."""
    size, _, height, width = like.shape
    found = torch.zeros(size, 1, height, width, device="cpu")
    for mask in found:
        for _ in range(int(random.integers(1, MOST + 1))):
            (top, bottom), (left, right) = (sorted(random.integers(0, side + 1, size=2)) for side in (height, width))
            mask[:, top:bottom, left:right] = 1
        if random.random() < WHOLE:
            mask[:] = 1
    return found
