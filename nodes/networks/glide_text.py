"""GLIDE's text transformer, which is trained with its U-Net and lies in the same file, with its parameter names."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Attention(nn.Module):
    """Multi-head attention of x [batch, tokens, width] to itself; `c_qkv` has its rows by heads first."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.c_qkv, self.c_proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = self.c_qkv(x).unflatten(2, (self.heads, -1)).transpose(1, 2).chunk(3, dim=-1)
        seen = functional.scaled_dot_product_attention(query, key, value)
        return self.c_proj(seen.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]


class Widened(nn.Module):
    """Two layers, four times as wide between them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.c_fc, self.c_proj = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.c_proj(functional.gelu(self.c_fc(x)))  # type: ignore[no-any-return]


class Block(nn.Module):
    """Attention, then a feed-forward layer; each residual after a layer norm."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attn, self.ln_1 = Attention(width, heads), nn.LayerNorm(width)
        self.mlp, self.ln_2 = Widened(width), nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))  # type: ignore[no-any-return]


class Blocks(nn.Module):
    """Blocks in a row."""

    def __init__(self, count: int, width: int, heads: int) -> None:
        super().__init__()
        self.resblocks = nn.ModuleList(Block(width, heads) for _ in range(count))

    def forward(self, x: Tensor) -> Tensor:
        for block in self.resblocks:
            x = block(x)
        return x


class GLIDEText(nn.Module):
    """module(tokens): int64 [batch, `length`] -> (states [batch, tokens, width], vector).

    As in Nichol et al. 2021, section 3; the vector is added to the time's embedding. The last of the vocabulary fills a
    text up; its places have vectors of their own.
    """

    def __init__(self, vocab_size: int, length: int, width: int, layers: int, heads: int, vector: int) -> None:
        super().__init__()
        self.token_embedding = nn.Embedding(vocab_size, width)
        self.positional_embedding = nn.Parameter(torch.zeros(length, width))
        self.padding_embedding = nn.Parameter(torch.zeros(length, width))
        self.transformer = Blocks(layers, width, heads)
        self.final_ln = nn.LayerNorm(width)
        self.transformer_proj = nn.Linear(width, vector)

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        over = tokens[..., None] == self.token_embedding.num_embeddings - 1
        words = self.token_embedding(tokens) + self.positional_embedding
        states = self.final_ln(self.transformer(torch.where(over, self.padding_embedding, words)))
        return states, self.transformer_proj(states[:, -1])


def glide_text(vocab_size: int, length: int, width: int, layers: int, vector: int, heads: int = 8) -> GLIDEText:
    """The transformer of a configuration; as published 50,258 tokens, 128 places, 512, 16 layers, 768."""
    return GLIDEText(vocab_size, length, width, layers, heads, vector)
