"""The diffusion prior of unCLIP: from the states of a text to the embedding of a picture (Ramesh et al. 2022)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from .blocks import timestep_embedding
from .clip import Layer
from .prior_config import PriorConfig

BESIDE = 4
"""What stands after the text: its embedding, the time, the noisy embedding, and where the answer is read."""


class Prior(nn.Module):
    """module(x, t, context=, vector=): noisy embeddings x [batch, dimensions], t [batch] -> those without noise.

    context: the text's states, float [batch or 1, length, context_channels].
    vector: the text's embedding, float [batch or 1, dimensions].
    """

    def __init__(self, config: PriorConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.time_embedding = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        self.proj_in = nn.Linear(config.dimensions, width)
        self.embedding_proj = nn.Linear(config.dimensions, width)
        self.encoder_hidden_states_proj = nn.Linear(config.context_channels, width)
        self.positional_embedding = nn.Parameter(torch.zeros(1, config.length + BESIDE, width))
        self.prd_embedding = nn.Parameter(torch.zeros(1, 1, width))
        self.layers = nn.ModuleList(Layer(width, config.heads, causal=True, quick=False) for _ in range(config.layers))
        self.norm_out = nn.LayerNorm(width)
        self.proj_to_clip_embeddings = nn.Linear(width, config.dimensions)

    def forward(self, x: Tensor, t: Tensor, *, context: Tensor, vector: Tensor) -> Tensor:
        time = self.time_embedding(timestep_embedding(t, self.config.width).to(x.dtype))
        beside = (self.embedding_proj(vector), time, self.proj_in(x))
        told = [self.encoder_hidden_states_proj(context), *(part[:, None] for part in beside), self.prd_embedding]
        h = torch.cat([part.expand(len(x), -1, -1) for part in told], dim=1) + self.positional_embedding
        for layer in self.layers:
            h = layer(h)
        return self.proj_to_clip_embeddings(self.norm_out(h)[:, -1])  # type: ignore[no-any-return]


def prior(**config: Any) -> Prior:
    """The prior of a configuration."""
    return Prior(PriorConfig(**config))
