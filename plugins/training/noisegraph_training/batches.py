"""Everything random in one iteration of training, as a function of (seed, iteration)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import noisegraph as ng

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from numpy.random import Generator
    from torch import Tensor


class Batch(NamedTuple):
    """Noisy examples and what made them: x = alpha data + sigma noise."""

    x: Tensor
    data: Tensor
    noise: Tensor
    t: Tensor
    alpha: Tensor
    """[batch, 1, ...], as sigma."""
    sigma: Tensor
    step: Tensor
    """Which of the levels, int64 [batch]."""
    rows: Tensor
    """Which examples, int64 [batch]; one more than the last where the condition is dropped."""

    def on(self, device: torch.device) -> Batch:
        """The same on a device."""
        return Batch(*(value.to(device) for value in self))


def random_of(seed: int, iteration: int, draw: int = 0) -> Generator:
    """A generator whose draws depend on (seed, iteration, draw) alone (Philox, Salmon et al. 2011)."""
    from numpy.random import Generator, Philox

    return Generator(Philox(key=seed, counter=[0, 0, draw, iteration]))


def ranged(pixels: Tensor) -> Tensor:
    """Pixels of 0 to 255 as networks see them, float32 in [-1, 1]; what is no pixels stays as it is."""
    return pixels if pixels.is_floating_point() else pixels.float() / 127.5 - 1


def noisy_batch(
    examples: Tensor, levels: Sequence[ng.Level], size: int, drop: float, seed: int, iteration: int
) -> Batch:
    """`size` examples at levels drawn uniformly; the condition of each is dropped with probability `drop`.

    The examples lie on the CPU, and so does the batch: what is drawn is the same for any device.
    """
    import torch

    random = random_of(seed, iteration)
    rows = torch.from_numpy(random.integers(len(examples), size=size))
    step = torch.from_numpy(random.integers(len(levels), size=size))
    dropped = torch.from_numpy(random.random(size) < drop)
    data = ranged(examples[rows])
    noise = torch.from_numpy(random.standard_normal(tuple(data.shape), dtype="float32"))
    points = torch.tensor([levels[index] for index in step.tolist()], dtype=torch.float64, device="cpu")
    t, alpha, sigma = points.float().view(size, 3, *[1] * (data.dim() - 1)).unbind(1)
    told = rows.masked_fill(dropped, len(examples))
    return Batch(alpha * data + sigma * noise, data, noise, t.flatten(), alpha, sigma, step, told)
