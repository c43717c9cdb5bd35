"""Numbers as Stable Diffusion XL is told them: sizes, a crop, a score (Podell et al. 2023, section 2.2)."""

from __future__ import annotations

from collections.abc import Sequence

import noisegraph as ng

WIDTH = 256
"""Of the vector of one number."""


def sinusoids(numbers: Sequence[float]) -> ng.Tensor:
    """Each number's cosines, then its sines, of 128 frequencies from 1 to almost 1/10000: [1, 256 x numbers]."""
    import torch

    half = WIDTH // 2
    frequencies = torch.exp(-torch.log(torch.tensor(10000.0)) * torch.arange(half) / half)
    angles = torch.tensor(list(numbers), dtype=torch.float32)[:, None] * frequencies
    return torch.cat([angles.cos(), angles.sin()], dim=1).reshape(1, -1)
