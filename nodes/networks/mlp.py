"""A multilayer perceptron that is told the time: a denoiser, or a score, of points of few dimensions."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from .blocks import timestep_embedding
from .mlp_config import MLPConfig

TIMES = 32
"""Cosines and sines of the time."""


class MLP(nn.Module):
    """module(x, t): x [batch, dimensions], t [batch] -> [batch, dimensions]."""

    def __init__(self, config: MLPConfig) -> None:
        super().__init__()
        self.config = config
        self.begin = nn.Linear(config.dimensions + TIMES, config.width)
        self.hidden = nn.ModuleList(nn.Linear(config.width, config.width) for _ in range(config.depth - 1))
        self.end = nn.Linear(config.width, config.dimensions)

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        time = timestep_embedding(t * self.config.time_scale, TIMES).to(x.dtype)
        h = functional.silu(self.begin(torch.cat([x, time], dim=1)))
        for layer in self.hidden:
            h = h + functional.silu(layer(h))
        return self.end(h)  # type: ignore[no-any-return]


def mlp(**config: Any) -> MLP:
    """The network of a configuration."""
    return MLP(MLPConfig(**config))
