"""The initial noise of a seed as other programs draw it, so that their seeds give their pictures here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import noisegraph as ng

if TYPE_CHECKING:
    import numpy

Source = Literal["noisegraph", "torch", "cuda"]
_MULTIPLIERS, _WEYL = (0xD2511F53, 0xCD9E8D57), (0x9E3779B9, 0xBB67AE85)
"""The constants of Philox 4x32 (Salmon et al. 2011, table 2)."""
_ROUNDS = 10


def initial(source: Source, seeds: Sequence[int], like: ng.Tensor) -> ng.Tensor:
    """Standard normal noise in the shape of `like`, row i of seed i: our own, or that of a generator seeded with it."""
    import torch

    if source == "noisegraph":
        return ng.normal(seeds, like, "initial")
    drawn = {"torch": _torch, "cuda": _cuda}[source]
    return torch.stack([drawn(seed, tuple(like.shape[1:])) for seed in seeds]).to(like)


def _torch(seed: int, shape: tuple[int, ...]) -> ng.Tensor:
    """As `torch.randn` draws on a CPU: ComfyUI, and diffusers with a generator there."""
    import torch

    generator = torch.Generator("cpu").manual_seed(seed)
    return torch.normal(0.0, 1.0, shape, generator=generator, device="cpu")


def _cuda(seed: int, shape: tuple[int, ...]) -> ng.Tensor:
    """As `torch.randn` draws on an NVIDIA card, for a picture's numbers: A1111 as it is set."""
    import numpy
    import torch

    count = math.prod(shape)
    zeros, places = numpy.zeros(count, numpy.uint32), numpy.arange(count, dtype=numpy.uint32)
    first, second, *_ = _philox([zeros, zeros, places, zeros], seed)
    unit = numpy.float32(2.0**-32)
    radius = numpy.sqrt(-2.0 * numpy.log(first * unit + unit / 2))
    angle = second * (unit * numpy.float32(2 * math.pi)) + unit * numpy.float32(math.pi)
    normal = radius * numpy.sin(angle)
    return torch.from_numpy(normal.astype(numpy.float32)).reshape(shape)


def _philox(counter: list[numpy.ndarray[Any, Any]], seed: int) -> list[numpy.ndarray[Any, Any]]:
    """Philox 4x32 of a counter: four uint32 for each."""
    import numpy

    keys = [seed & 0xFFFFFFFF, seed >> 32 & 0xFFFFFFFF]
    for _ in range(_ROUNDS):
        pairs = zip((0, 2), _MULTIPLIERS, strict=True)
        wide = [counter[place].astype(numpy.uint64) * numpy.uint64(factor) for place, factor in pairs]
        high, low = [one >> 32 for one in wide], [one & 0xFFFFFFFF for one in wide]
        counter = [high[1] ^ counter[1] ^ keys[0], low[1], high[0] ^ counter[3] ^ keys[1], low[0]]
        keys = [(key + weyl) & 0xFFFFFFFF for key, weyl in zip(keys, _WEYL, strict=True)]
    return counter
