"""Normal noise as a function of (seed, role, step, draw): the same for any batch size, device and resume."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .onto import onto

if TYPE_CHECKING:
    from torch import Tensor


def normal(seeds: Sequence[int], like: Tensor, role: str, step: int = 0, draw: int = 0) -> Tensor:
    """Standard normal noise with the shape, dtype and device of `like` [batch, ...]; row i depends on seeds[i] alone.

    Rows come from numpy's counter-based Philox (Salmon et al. 2011), keyed by (seed, role), its counter set by
    (step, draw), so that no draw depends on another. Raises ValueError unless there is one seed a row.
    """
    if len(seeds) != like.shape[0]:
        raise ValueError(f"{len(seeds)} seeds for a batch of {like.shape[0]}; give one seed an image")
    return onto(rows(seeds, tuple(like.shape[1:]), role, step, draw), like.device, like.dtype)


def rows(seeds: Sequence[int], shape: tuple[int, ...], role: str, step: int = 0, draw: int = 0) -> Tensor:
    """The noise of `normal` before it is brought onto a device: float64 [len(seeds), *shape] on the CPU."""
    import numpy
    import torch

    drawn = numpy.empty((len(seeds), *shape), dtype=numpy.float64)
    for row, seed in zip(drawn, seeds, strict=True):
        philox = numpy.random.Philox(key=_key(seed, role), counter=[0, 0, draw, step])
        row[...] = numpy.random.Generator(philox).standard_normal(row.shape)
    return torch.from_numpy(drawn)


def _key(seed: int, role: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"{role}:{seed}".encode(), digest_size=16).digest(), "little")


def seeds_from(seed: int | Sequence[int], batch: int) -> tuple[int, ...]:
    """One seed an image: a list as it is, or seed, seed + 1, ... so that image i equals a single run of seed + i."""
    if not isinstance(seed, int):
        return tuple(seed)
    return tuple(range(seed, seed + batch))
