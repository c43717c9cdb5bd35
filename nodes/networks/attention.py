"""Attention over the places of a picture and over the tokens of a condition, as in published checkpoints."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .blocks import GroupNorm, zeroed
from .layers import Conv2d, LayerNorm, Linear


class AttentionBlock(nn.Module):
    """Self-attention over all places of x [batch, channels, h, w] (guided-diffusion); residual.

    `chunked` tells the order of the 3 x heads x width channels of `qkv`: by query, key, value first, or by heads first.
    `tokens` [batch, context_channels, length] are attended to beside the places, as in GLIDE.
    """

    def __init__(
        self, channels: int, heads: int, *, chunked: bool = False, groups: int = 32, context_channels: int | None = None
    ) -> None:
        super().__init__()
        self.heads, self.chunked = heads, chunked
        self.norm = GroupNorm(groups, channels)
        self.qkv = nn.Conv1d(channels, 3 * channels, 1)
        if context_channels is not None:
            self.encoder_kv = nn.Conv1d(context_channels, 2 * channels, 1)
        self.proj_out = zeroed(nn.Conv1d(channels, channels, 1))

    def forward(self, x: Tensor, tokens: Tensor | None = None) -> Tensor:
        flat = x.flatten(2)
        query, key, value = self._split(self.qkv(self.norm(flat)), 3)
        if tokens is not None:
            more_keys, more_values = self._split(self.encoder_kv(tokens), 2)
            key, value = _joined(more_keys, key), _joined(more_values, value)
        seen = functional.scaled_dot_product_attention(query, key, value)
        told: Tensor = self.proj_out(seen.transpose(2, 3).reshape(flat.shape))
        return (flat + told).view(x.shape)

    def _split(self, packed: Tensor, parts: int) -> list[Tensor]:
        """[batch, parts x heads x width, length] -> parts of [batch, heads, length, width]."""
        batch, _, length = packed.shape
        if self.chunked:
            by_part = packed.view(batch, parts, self.heads, -1, length).transpose(3, 4)
            return list(by_part.unbind(1))
        by_head = packed.view(batch, self.heads, parts, -1, length).transpose(3, 4)
        return list(by_head.unbind(2))


def _joined(tokens: Tensor, places: Tensor) -> Tensor:
    return torch.cat([tokens.expand(places.shape[0], -1, -1, -1), places], dim=2)


class CrossAttention(nn.Module):
    """Multi-head attention of x [batch, n, channels] to tokens [batch, m, context_channels], or to itself."""

    def __init__(self, channels: int, context_channels: int, heads: int, width: int) -> None:
        super().__init__()
        self.heads = heads
        self.to_q = Linear(channels, heads * width, bias=False)
        self.to_k = Linear(context_channels, heads * width, bias=False)
        self.to_v = Linear(context_channels, heads * width, bias=False)
        self.to_out = nn.Sequential(Linear(heads * width, channels), nn.Dropout(0.0))

    def forward(self, x: Tensor, tokens: Tensor | None = None) -> Tensor:
        tokens = x if tokens is None else tokens
        query, key, value = (
            part.unflatten(2, (self.heads, -1)).transpose(1, 2)
            for part in (self.to_q(x), self.to_k(tokens), self.to_v(tokens))
        )
        seen = functional.scaled_dot_product_attention(query, key, value)
        return self.to_out(seen.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]


class GatedGELU(nn.Module):
    """A linear layer gated by the GELU of another (Shazeer 2020)."""

    def __init__(self, channels: int, inner: int) -> None:
        super().__init__()
        self.proj = Linear(channels, 2 * inner)

    def forward(self, x: Tensor) -> Tensor:
        value, gate = self.proj(x).chunk(2, dim=-1)
        return value * functional.gelu(gate)  # type: ignore[no-any-return]


class FeedForward(nn.Module):
    """The two-layer network between attentions, four times as wide inside."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.net = nn.Sequential(GatedGELU(channels, 4 * channels), nn.Dropout(0.0), Linear(4 * channels, channels))

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)  # type: ignore[no-any-return]


class TransformerBlock(nn.Module):
    """Attention to itself, then to the condition, then a feed-forward layer; each residual after a layer norm.

    `crossed`: the first attention is to the condition as well.
    """

    def __init__(self, channels: int, context_channels: int, heads: int, width: int, *, crossed: bool = False) -> None:
        super().__init__()
        self.crossed = crossed
        self.attn1 = CrossAttention(channels, context_channels if crossed else channels, heads, width)
        self.ff = FeedForward(channels)
        self.attn2 = CrossAttention(channels, context_channels, heads, width)
        self.norm1, self.norm2, self.norm3 = (LayerNorm(channels) for _ in range(3))

    def forward(self, x: Tensor, tokens: Tensor | None) -> Tensor:
        x = x + self.attn1(self.norm1(x), tokens if self.crossed else None)
        x = x + self.attn2(self.norm2(x), tokens)
        return x + self.ff(self.norm3(x))  # type: ignore[no-any-return]


class SpatialTransformer(nn.Module):
    """Transformer blocks over the places of x [batch, channels, h, w], told tokens [batch, m, context]; residual.

    `linear`: whether the projections at both ends are linear layers (Stable Diffusion 2, XL) or 1 x 1 convolutions.
    `crossed`: the places attend to the tokens alone, never to each other.
    """

    def __init__(
        self,
        channels: int,
        context_channels: int,
        heads: int,
        *,
        depth: int = 1,
        linear: bool = False,
        crossed: bool = False,
        groups: int = 32,
    ) -> None:
        super().__init__()
        self.linear = linear
        self.norm = GroupNorm(groups, channels, eps=1e-6)
        self.proj_in = Linear(channels, channels) if linear else Conv2d(channels, channels, 1)
        width = channels // heads
        self.transformer_blocks = nn.ModuleList(
            TransformerBlock(channels, context_channels, heads, width, crossed=crossed) for _ in range(depth)
        )
        self.proj_out = zeroed(Linear(channels, channels) if linear else Conv2d(channels, channels, 1))

    def forward(self, x: Tensor, tokens: Tensor | None = None) -> Tensor:
        if tokens is not None:
            tokens = tokens.expand(x.shape[0], -1, -1)
        h = self.norm(x)
        h = _places(h) if self.linear else _places(self.proj_in(h))
        h = self.proj_in(h) if self.linear else h
        for block in self.transformer_blocks:
            h = block(h, tokens)
        h = _picture(self.proj_out(h), x) if self.linear else self.proj_out(_picture(h, x))
        return x + h


def _places(x: Tensor) -> Tensor:
    return x.flatten(2).transpose(1, 2)


def _picture(places: Tensor, like: Tensor) -> Tensor:
    return places.transpose(1, 2).reshape(like.shape)
