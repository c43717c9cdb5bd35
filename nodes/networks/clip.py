"""CLIP: a transformer of texts and one of pictures that meet in one space, with transformers' parameter names."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from .clip_config import CLIPConfig


class Encoded(NamedTuple):
    """What a tower makes of its input."""

    states: Tensor
    """One vector a token, after the last norm: [batch, tokens, width]; what a diffusion model is conditioned on."""
    pooled: Tensor
    """One vector in all, before the projection: [batch, width]."""
    hidden: tuple[Tensor, ...]
    """The tokens before the first layer and after each, without the last norm; hidden[-2] is "clip skip" 2."""


class Matched(NamedTuple):
    """Unit vectors of texts and of pictures, each [batch, projection_dim], and the scale of their cosines."""

    text: Tensor
    image: Tensor
    scale: Tensor

    def logits(self) -> Tensor:
        """The scaled cosine of every text with every picture, [texts, pictures]."""
        return self.scale * self.text @ self.image.T


class Attention(nn.Module):
    """Multi-head attention of x [batch, tokens, width] to itself, or only to what stands before."""

    def __init__(self, width: int, heads: int, causal: bool) -> None:
        super().__init__()
        self.heads, self.causal = heads, causal
        self.k_proj, self.v_proj, self.q_proj, self.out_proj = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x: Tensor, heard: Tensor | None = None) -> Tensor:
        query, key, value = (
            part(x).unflatten(2, (self.heads, -1)).transpose(1, 2) for part in (self.q_proj, self.k_proj, self.v_proj)
        )
        plain = self.causal and heard is None
        seen = functional.scaled_dot_product_attention(query, key, value, attn_mask=heard, is_causal=plain)
        return self.out_proj(seen.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]


class MLP(nn.Module):
    """The two-layer network between attentions, four times as wide inside."""

    def __init__(self, width: int, quick: bool) -> None:
        super().__init__()
        self.quick = quick
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        h = self.fc1(x)
        h = h * torch.sigmoid(1.702 * h) if self.quick else functional.gelu(h)
        return self.fc2(h)  # type: ignore[no-any-return]


class Layer(nn.Module):
    """Attention, then a feed-forward layer; each residual after a layer norm."""

    def __init__(self, width: int, heads: int, causal: bool, quick: bool) -> None:
        super().__init__()
        self.self_attn = Attention(width, heads, causal)
        self.layer_norm1 = nn.LayerNorm(width)
        self.mlp = MLP(width, quick)
        self.layer_norm2 = nn.LayerNorm(width)

    def forward(self, x: Tensor, heard: Tensor | None = None) -> Tensor:
        x = x + self.self_attn(self.layer_norm1(x), heard)
        return x + self.mlp(self.layer_norm2(x))  # type: ignore[no-any-return]


class Layers(nn.Module):
    """Layers in a row."""

    def __init__(self, count: int, width: int, heads: int, causal: bool, quick: bool) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Layer(width, heads, causal, quick) for _ in range(count))

    def forward(self, x: Tensor, heard: Tensor | None = None) -> tuple[Tensor, ...]:
        hidden = [x]
        for layer in self.layers:
            hidden.append(layer(hidden[-1], heard))
        return tuple(hidden)


class TextEmbeddings(nn.Module):
    """A vector for each token and one for each place."""

    def __init__(self, config: CLIPConfig) -> None:
        super().__init__()
        self.token_embedding = nn.Embedding(config.vocab_size, config.text_width)
        self.position_embedding = nn.Embedding(config.length, config.text_width)
        nn.init.normal_(self.token_embedding.weight, std=0.02)
        nn.init.normal_(self.position_embedding.weight, std=0.01)

    def forward(self, tokens: Tensor, more: Tensor | None = None) -> Tensor:
        return self._vectors(tokens, more) + self.position_embedding.weight[: tokens.shape[1]]

    def _vectors(self, tokens: Tensor, more: Tensor | None) -> Tensor:
        if more is None:
            return self.token_embedding(tokens)  # type: ignore[no-any-return]
        beyond = tokens - self.token_embedding.num_embeddings
        own = self.token_embedding(tokens.where(beyond < 0, torch.zeros_like(tokens)))
        return torch.where(beyond[..., None] < 0, own, more.to(own)[beyond.clamp(min=0)])


class TextModel(nn.Module):
    """module(tokens): int64 [batch, up to `length`] -> Encoded, pooled at the first end token.

    more: vectors [count, width] that are none of the vocabulary's; tokens from `vocab_size` on stand for them.
    heard: bool [batch, tokens], the tokens that those after them attend to; None: all.
    """

    def __init__(self, config: CLIPConfig) -> None:
        super().__init__()
        self.end_token = config.end_token
        self.embeddings = TextEmbeddings(config)
        quick = config.activation == "quick_gelu"
        self.encoder = Layers(config.text_layers, config.text_width, config.text_heads, True, quick)
        self.final_layer_norm = nn.LayerNorm(config.text_width)

    def forward(self, tokens: Tensor, more: Tensor | None = None, heard: Tensor | None = None) -> Encoded:
        if heard is not None:
            heard = heard[:, None, None, :] & heard.new_ones((tokens.shape[1],) * 2).tril()
        hidden = self.encoder(self.embeddings(tokens, more), heard)
        states = self.final_layer_norm(hidden[-1])
        end = (tokens == self.end_token).int().argmax(dim=1)
        return Encoded(states, states[torch.arange(len(tokens), device=tokens.device), end], hidden)


class VisionEmbeddings(nn.Module):
    """A vector for the whole, then one for each patch, and one for each place."""

    def __init__(self, config: CLIPConfig) -> None:
        super().__init__()
        width, patch = config.image_width, config.patch_size
        self.class_embedding = nn.Parameter(torch.empty(width))
        nn.init.normal_(self.class_embedding, std=width**-0.5)
        self.patch_embedding = nn.Conv2d(3, width, patch, stride=patch, bias=False)
        self.position_embedding = nn.Embedding((config.image_size // patch) ** 2 + 1, width)
        nn.init.normal_(self.position_embedding.weight, std=0.02)

    def forward(self, picture: Tensor) -> Tensor:
        patches = self.patch_embedding(picture).flatten(2).transpose(1, 2)
        whole = self.class_embedding.expand(len(picture), 1, -1)
        return torch.cat([whole, patches], dim=1) + self.position_embedding.weight


class VisionModel(nn.Module):
    """module(picture): float [batch, 3, image_size, image_size] -> Encoded, pooled at the token of the whole."""

    def __init__(self, config: CLIPConfig) -> None:
        super().__init__()
        self.embeddings = VisionEmbeddings(config)
        self.pre_layrnorm = nn.LayerNorm(config.image_width)  # spelt so in the published checkpoints
        quick = config.activation == "quick_gelu"
        self.encoder = Layers(config.image_layers, config.image_width, config.image_heads, False, quick)
        self.post_layernorm = nn.LayerNorm(config.image_width)

    def forward(self, picture: Tensor) -> Encoded:
        hidden = self.encoder(self.pre_layrnorm(self.embeddings(picture)))
        return Encoded(hidden[-1], self.post_layernorm(hidden[-1][:, 0]), hidden)


class TextTransformer(nn.Module):
    """The text tower alone, as Stable Diffusion has it: module(tokens, more) -> Encoded.

    `projects`: whether what is pooled is brought into the space of pictures too, as Stable Diffusion XL reads it.
    """

    def __init__(self, config: CLIPConfig, projects: bool = False) -> None:
        super().__init__()
        self.text_model = TextModel(config)
        if projects:
            self.text_projection = nn.Linear(config.text_width, config.projection_dim, bias=False)

    def forward(self, tokens: Tensor, more: Tensor | None = None, heard: Tensor | None = None) -> Encoded:
        return self.text_model(tokens, more, heard)  # type: ignore[no-any-return]


class CLIP(nn.Module):
    """Both towers: module(tokens, picture) -> Matched; the scale of the cosines is learned, 100 at most."""

    def __init__(self, config: CLIPConfig) -> None:
        super().__init__()
        self.config = config
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))
        self.text_model, self.vision_model = TextModel(config), VisionModel(config)
        self.visual_projection = nn.Linear(config.image_width, config.projection_dim, bias=False)
        self.text_projection = nn.Linear(config.text_width, config.projection_dim, bias=False)

    def embed_text(self, tokens: Tensor) -> Tensor:
        """Unit vectors [batch, projection_dim] of texts."""
        return functional.normalize(self.text_projection(self.text_model(tokens).pooled), dim=-1)

    def embed_image(self, picture: Tensor) -> Tensor:
        """Unit vectors [batch, projection_dim] of pictures."""
        return functional.normalize(self.visual_projection(self.vision_model(picture).pooled), dim=-1)

    def forward(self, tokens: Tensor, picture: Tensor) -> Matched:
        scale = self.logit_scale.clamp(max=math.log(100)).exp()
        return Matched(self.embed_text(tokens), self.embed_image(picture), scale)


def layer(tower: TextModel, skip: int, norm: bool, tokens: Tensor, *more: Tensor | None) -> tuple[Tensor, Tensor]:
    """The states `skip` layers from the end (1: the last), after the last norm or not, and what is pooled."""
    found = tower(tokens, *more)
    states = found.hidden[-skip]
    return tower.final_layer_norm(states) if norm else states, found.pooled


def clip(**config: Any) -> CLIP:
    """Both towers of a configuration."""
    return CLIP(CLIPConfig(**config))


def text_transformer(projects: bool = False, **config: Any) -> TextTransformer:
    """The text tower of a configuration."""
    return TextTransformer(CLIPConfig(**config), projects)
