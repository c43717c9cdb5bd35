"""Training super-resolution: a denoiser that is told a smaller picture, damaged on purpose (Ho et al. 2022)."""

from __future__ import annotations

from typing import NamedTuple

import noisegraph as ng
import torch
from numpy.random import Generator
from torch import Tensor
from torch.nn import functional

from . import denoising
from .batches import Batch
from .examples import Captioned, Goal, Schedule, Trained, origin
from .preview import pictures, under


class Augmentation(NamedTuple):
    """How the smaller picture is damaged, so that a cascade forgives what the model before it does wrong."""

    strengths: int
    """How many strengths of noise there are, evenly spaced in time; the network is told which, as its label."""
    noisiest: float
    """The last of them, as a share of the process's time; the first is none."""
    blur: float
    """The widest Gaussian blur, its standard deviation in pixels of the smaller picture; 0 is none."""


def loop(
    examples: Captioned,
    architecture: ng.Architecture,
    process: ng.Process,
    schedule: Schedule,
    goal: Goal,
    augmentation: Augmentation,
) -> ng.Loop[Trained]:
    """The loop that trains `architecture` to make `examples` from pictures of half their size."""
    facts = {**origin(examples), "augmentation": augmentation._asdict()}
    strengths = strengths_of(process, augmentation)

    def told(batch: Batch, random: Generator) -> dict[str, Tensor]:
        small = functional.avg_pool2d(batch.data, 2)
        if augmentation.blur > 0:
            small = blurred(small, torch.from_numpy(random.random(len(small), dtype="float32")) * augmentation.blur)
        chosen = torch.from_numpy(random.integers(len(strengths), size=len(small)))
        noise = torch.from_numpy(random.standard_normal(tuple(small.shape), dtype="float32"))
        points = torch.tensor([strengths[index] for index in chosen.tolist()], device="cpu").view(-1, 3, 1, 1, 1)
        small = points[:, 1] * small + points[:, 2] * noise
        return {"concat": functional.interpolate(small, scale_factor=2, mode="bilinear"), "y": chosen}

    look = under(pictures, examples.pixels, told, process, goal, schedule.seed)
    return denoising.loop(examples.pixels, told, architecture, process, schedule, goal, facts, look)


def strengths_of(process: ng.Process, augmentation: Augmentation) -> list[ng.Level]:
    """The levels of noise that smaller pictures are brought to; the first is clean."""
    most = process.t_min + augmentation.noisiest * (process.t_max - process.t_min)
    span = (most - process.t_min) / max(augmentation.strengths - 1, 1)
    noisy = [process.level(process.t_min + index * span) for index in range(1, augmentation.strengths)]
    return [ng.Level(process.t_min, 1.0, 0.0), *noisy]


def blurred(picture: Tensor, deviation: Tensor) -> Tensor:
    """Each picture under a Gaussian of 3 x 3 pixels of its own deviation [batch], which may be 0."""
    offsets = torch.tensor([-1.0, 0.0, 1.0], device="cpu")
    line = torch.exp(-offsets.square() / (2 * deviation[:, None].clamp(min=1e-3).square()))
    line = line / line.sum(1, keepdim=True)
    kernel = line[:, :, None] * line[:, None, :]
    batch, channels = picture.shape[:2]
    padded = functional.pad(picture, (1, 1, 1, 1), mode="replicate").flatten(0, 1)[None]
    kernels = kernel.repeat_interleave(channels, 0)[:, None]
    return functional.conv2d(padded, kernels, groups=batch * channels).view(picture.shape)
