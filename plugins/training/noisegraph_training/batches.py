"""Everything random in one iteration of training, as a function of (seed, iteration)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import noisegraph as ng

from .examples import Examples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator
    from torch import Tensor


class Batch(NamedTuple):
    """Noisy examples and what made them: x = alpha data + sigma noise."""

    x: Tensor
    data: Tensor
    noise: Tensor
    t: Tensor
    alpha: Tensor
    sigma: Tensor
    labels: Tensor


def random_of(seed: int, iteration: int) -> Generator:
    """A generator whose draws depend on (seed, iteration) alone (Philox, Salmon et al. 2011)."""
    from numpy.random import Generator, Philox

    return Generator(Philox(key=seed, counter=[0, 0, 0, iteration]))


def noisy_batch(
    examples: Examples, levels: Sequence[ng.Level], size: int, drop_label: float, seed: int, iteration: int
) -> Batch:
    """`size` examples at levels drawn uniformly; a label is the empty one, `classes`, with probability `drop_label`.

    The examples lie on the CPU, and so does the batch: what is drawn is the same for any device.
    """
    import torch

    random = random_of(seed, iteration)
    rows = torch.from_numpy(random.integers(len(examples.data), size=size))
    points = torch.tensor(
        [levels[index] for index in random.integers(len(levels), size=size)], dtype=torch.float64, device="cpu"
    )
    dropped = torch.from_numpy(random.random(size) < drop_label)
    data = examples.data[rows]
    noise = torch.from_numpy(random.standard_normal(tuple(data.shape), dtype="float32"))
    t, alpha, sigma = points.float().view(size, 3, *[1] * (data.dim() - 1)).unbind(1)
    labels = examples.labels[rows].masked_fill(dropped, examples.classes)
    return Batch(alpha * data + sigma * noise, data, noise, t.flatten(), alpha, sigma, labels)
