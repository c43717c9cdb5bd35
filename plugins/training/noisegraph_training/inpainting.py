"""Training a denoiser that fills in what is masked: it is told the mask and the latent around it."""

from __future__ import annotations

import noisegraph as ng
import torch
from numpy.random import Generator
from torch import Tensor

from . import denoising
from .batches import Batch
from .examples import Captioned, Goal, Schedule, Trained
from .latent import tabled

WHOLE = 0.2
"""How often all is masked, so that the network can draw alone too."""
MOST = 3
"""Rectangles of a mask."""


def loop(
    source: Captioned,
    latents: Tensor,
    wanted: ng.Condition,
    empty: ng.Condition,
    architecture: ng.Architecture,
    process: ng.Process,
    schedule: Schedule,
    goal: Goal,
) -> ng.Loop[Trained]:
    """The loop that trains `architecture` on latents [examples, channels, ...]; a dropped condition keeps its mask."""
    facts = {"data": source.name, "data_licence": source.licence}
    words = denoising.looked_up(tabled(wanted, empty, len(latents)))

    def told(batch: Batch, random: Generator) -> dict[str, Tensor]:
        return {**words(batch, random), "concat": around(batch.data, masks(random, batch.data))}

    return denoising.loop(latents, told, architecture, process, schedule, goal, facts)


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
