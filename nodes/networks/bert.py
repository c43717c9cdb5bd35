"""The text encoder of latent diffusion: a transformer that reads both ways, with its authors' parameter names."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional


class Attention(nn.Module):
    """Multi-head attention of x [batch, tokens, width] to itself; heads of 64 channels, whatever the width."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.to_q, self.to_k, self.to_v = (nn.Linear(width, 64 * heads, bias=False) for _ in range(3))
        self.to_out = nn.Linear(64 * heads, width)

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = (
            part(x).unflatten(2, (self.heads, 64)).transpose(1, 2) for part in (self.to_q, self.to_k, self.to_v)
        )
        seen = functional.scaled_dot_product_attention(query, key, value)
        return self.to_out(seen.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]


class Widened(nn.Module):
    """Two layers, four times as wide between them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        inner = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU())
        self.net = nn.Sequential(inner, nn.Dropout(0.0), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)  # type: ignore[no-any-return]


class Layers(nn.Module):
    """Attention and feed-forward layers in turn, each a pair of a norm and itself; residual."""

    def __init__(self, count: int, width: int, heads: int) -> None:
        super().__init__()
        kinds = [part for _ in range(count) for part in (Attention(width, heads), Widened(width))]
        self.layers = nn.ModuleList(nn.ModuleList([nn.LayerNorm(width), part]) for part in kinds)

    def forward(self, x: Tensor) -> Tensor:
        for pair in self.layers:
            norm, part = pair.children()
            x = x + part(norm(x))
        return x


class Places(nn.Module):
    """A vector for each place."""

    def __init__(self, length: int, width: int) -> None:
        super().__init__()
        self.emb = nn.Embedding(length, width)

    def forward(self, count: int) -> Tensor:
        return self.emb.weight[:count]


class BERT(nn.Module):
    """module(tokens): int64 [batch, up to `length`] -> [batch, tokens, width] (Rombach et al. 2022, E.2.1)."""

    def __init__(self, vocab_size: int, length: int, width: int, layers: int, heads: int) -> None:
        super().__init__()
        self.token_emb, self.pos_emb = nn.Embedding(vocab_size, width), Places(length, width)
        self.attn_layers = Layers(layers, width, heads)
        self.norm = nn.LayerNorm(width)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.norm(self.attn_layers(self.token_emb(tokens) + self.pos_emb(tokens.shape[1])))  # type: ignore[no-any-return]


def bert(vocab_size: int, length: int, width: int, layers: int, heads: int = 8) -> BERT:
    """The encoder of a configuration; in latent diffusion 30,522 tokens, 77 places, 1280, 32 layers."""
    return BERT(vocab_size, length, width, layers, heads)
