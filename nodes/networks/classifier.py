"""The encoder half of a U-Net as a classifier of noisy pictures, as classifier guidance needs it (ADM-G)."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from .blocks import GroupNorm, timestep_embedding, zeroed
from .unet import encoder, middle, time_embed
from .unet_config import UNetConfig, tupled

Pool = Literal["attention", "adaptive"]


class AttentionPool(nn.Module):
    """One vector of a picture [batch, channels, side, side]: what the mean of its places attends to (CLIP)."""

    def __init__(self, side: int, channels: int, heads: int, out_channels: int) -> None:
        super().__init__()
        self.heads = heads
        self.positional_embedding = nn.Parameter(torch.empty(channels, side * side + 1))
        nn.init.normal_(self.positional_embedding, std=channels**-0.5)
        self.qkv_proj = nn.Conv1d(channels, 3 * channels, 1)
        self.c_proj = nn.Conv1d(channels, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.c_proj(self.pooled(x)[:, :, None])[:, :, 0]  # type: ignore[no-any-return]

    def pooled(self, x: Tensor) -> Tensor:
        """What the mean has seen, before the last projection: [batch, channels]."""
        places = x.flatten(2)
        places = torch.cat([places.mean(dim=2, keepdim=True), places], dim=2) + self.positional_embedding
        packed: Tensor = self.qkv_proj(places)
        query, key, value = packed.view(len(x), 3, self.heads, -1, packed.shape[2]).transpose(3, 4).unbind(1)
        seen = functional.scaled_dot_product_attention(query[:, :, :1], key, value)
        return seen.flatten(1)


class Classifier(nn.Module):
    """module(x, t): x [batch, in_channels, size, size], t [batch] -> logits [batch, out_channels]."""

    def __init__(self, config: UNetConfig, size: int, pool: Pool) -> None:
        super().__init__()
        self.config = config
        self.time_embed = time_embed(config)
        self.input_blocks = nn.ModuleList(encoder(config)[0])
        self.middle_block = middle(config)
        self.out = nn.Sequential(GroupNorm(config.groups, config.widths[-1]), nn.SiLU(), *_pool(config, size, pool))

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        return self.out(self._hidden(x, t))  # type: ignore[no-any-return]

    def features(self, x: Tensor, t: Tensor) -> Tensor:
        """What the logits are a projection of, [batch, channels]: a space to compare pictures in."""
        norm, activation, pool = (self.out[index] for index in range(3))
        h = activation(norm(self._hidden(x, t)))
        return pool.pooled(h) if isinstance(pool, AttentionPool) else pool(h).flatten(1)

    def _hidden(self, x: Tensor, t: Tensor) -> Tensor:
        emb = self.time_embed(timestep_embedding(t, self.config.model_channels).to(x.dtype))
        for stage in self.input_blocks:
            x = stage(x, emb)
        return self.middle_block(x, emb)  # type: ignore[no-any-return]


def _pool(config: UNetConfig, size: int, pool: Pool) -> tuple[nn.Module, ...]:
    channels = config.widths[-1]
    if pool == "adaptive":
        return nn.AdaptiveAvgPool2d(1), zeroed(nn.Conv2d(channels, config.out_channels, 1)), nn.Flatten()
    heads = channels // config.num_head_channels if config.num_head_channels else config.num_heads
    return (AttentionPool(size // config.factors[-1], channels, heads, config.out_channels),)


def classifier(*, size: int, pool: Pool = "attention", **config: Any) -> Classifier:
    """The classifier of pictures of size x size; lists are taken for tuples, so that it may come from JSON."""
    return Classifier(UNetConfig(**tupled(config)), size, pool)
