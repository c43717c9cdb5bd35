"""The one U-Net of the family: DDPM, improved DDPM, ADM, GLIDE, latent and Stable Diffusion by configuration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from .attention import AttentionBlock, SpatialTransformer
from .blocks import Downsample, GroupNorm, ResBlock, Upsample, timestep_embedding, zeroed
from .layers import Conv2d, Linear
from .unet_config import UNetConfig, tupled


class Stage(nn.ModuleList):
    """Layers in a row; residual blocks are told the time, attention the tokens, what enlarges the size to reach."""

    def forward(
        self, x: Tensor, emb: Tensor, tokens: Tensor | None = None, size: Sequence[int] | None = None
    ) -> Tensor:
        for layer in self:
            if isinstance(layer, ResBlock):
                x = layer(x, emb)
            elif isinstance(layer, (AttentionBlock, SpatialTransformer)):
                x = layer(x, tokens)
            elif isinstance(layer, Upsample):
                x = layer(x, size)
            else:
                x = layer(x)
        return x


class Half(nn.Module):
    """The way down of a U-Net, and what its blocks are told."""

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = config
        emb_channels = 4 * config.model_channels
        self.time_embed = time_embed(config)
        if config.num_classes is not None:
            self.label_emb: nn.Module = nn.Embedding(config.num_classes, emb_channels)
        if config.vector_channels is not None and not config.vector_layers:
            self.label_emb = nn.Identity()
        elif config.vector_channels is not None:
            inner = (Linear(config.vector_channels, emb_channels), nn.SiLU(), Linear(emb_channels, emb_channels))
            self.label_emb = nn.Sequential(nn.Sequential(*inner))
        if config.vector_tokens:
            self.vector_tokens = Linear(*_projected(config))
        stages, self.skips = encoder(config)
        self.input_blocks = nn.ModuleList(stages)
        self.middle_block = middle(config)

    def told(self, t: Tensor, y: Tensor | None, vector: Tensor | None, dtype: torch.dtype) -> Tensor:
        """What residual blocks are told: the time, and the label or vector."""
        emb = self.time_embed(timestep_embedding(t, self.config.model_channels).to(dtype))
        for name, given, wanted in (
            ("y", y, self.config.num_classes),
            ("vector", vector, self.config.vector_channels),
        ):
            if (given is None) != (wanted is None):
                raise ValueError(f"the network {'takes no' if wanted is None else 'wants a'} condition '{name}'")
            if given is not None:
                emb = emb + self.label_emb(given)
        return emb  # type: ignore[no-any-return]

    def tokens(self, context: Tensor | None, vector: Tensor | None) -> Tensor | None:
        """What attention is told: the text, and the vector as tokens (Ramesh et al. 2022, section 2.1)."""
        if (context is None) != (self.config.context_channels is None):
            raise ValueError(f"the network {'takes no' if context is not None else 'wants a'} condition 'context'")
        if context is not None and vector is not None and self.config.vector_tokens:
            more = self.vector_tokens(vector).unflatten(1, (-1, context.shape[2]))
            batch = max(len(context), len(more))
            context = torch.cat([context.expand(batch, -1, -1), more.expand(batch, -1, -1)], dim=1)
        if context is None or self.config.attention == "transformer":
            return context
        return context.transpose(1, 2)


class UNet(Half):
    """module(x, t, **condition): x [batch, in_channels, h, w], t [batch] -> [batch, out_channels, h, w].

    y: class labels, int64 [batch or 1], where the configuration has `num_classes`.
    vector: float [batch or 1, vector_channels], where it has `vector_channels`.
    context: tokens, float [batch or 1, length, context_channels], where it has `context_channels`.
    concat: float [batch or 1, more, h, w], joined to x; `in_channels` counts them.
    control: what is added to each stage's output on its way to the decoder, then to the middle's.
    """

    def __init__(self, config: UNetConfig) -> None:
        super().__init__(config)
        self.output_blocks = nn.ModuleList(_decoder(config, self.skips))
        # A strided convolution rounds odd sides up, and what enlarges them again is told to which; a mean does not.
        self._halves_evenly = config.resblock_updown or not config.conv_resample
        first = config.widths[0]
        self.out = nn.Sequential(
            GroupNorm(config.groups, first), nn.SiLU(), zeroed(Conv2d(first, config.out_channels, 3, padding=1))
        )

    def forward(
        self,
        x: Tensor,
        t: Tensor,
        *,
        y: Tensor | None = None,
        vector: Tensor | None = None,
        context: Tensor | None = None,
        concat: Tensor | None = None,
        control: Sequence[Tensor] | None = None,
    ) -> Tensor:
        emb = self.told(t, y, vector, x.dtype)
        if concat is not None:
            x = torch.cat([x, concat.expand(x.shape[0], -1, -1, -1)], dim=1)
        if self._halves_evenly and any(side % self.config.factors[-1] for side in x.shape[2:]):
            sides = " x ".join(map(str, x.shape[2:]))
            raise ValueError(f"a picture of {sides}: the network wants multiples of {self.config.factors[-1]}")
        tokens = self.tokens(context, vector)
        skips: list[Tensor] = []
        for stage in self.input_blocks:
            x = stage(x, emb, tokens)
            skips.append(x)
        x = self.middle_block(x, emb, tokens)
        if control is not None:
            *beside, last = control
            x, skips = x + last, [skip + more for skip, more in zip(skips, beside, strict=True)]
        for stage in self.output_blocks:
            skip = skips.pop()
            skip = skip if self.config.skip_scale == 1.0 else skip * self.config.skip_scale
            x = stage(torch.cat([x, skip], dim=1), emb, tokens, skips[-1].shape[2:] if skips else None)
        return self.out(x)  # type: ignore[no-any-return]


def unet(**config: Any) -> UNet:
    """The U-Net of a configuration; lists are taken for tuples, so that it may come from JSON."""
    return UNet(UNetConfig(**tupled(config)))


def _projected(config: UNetConfig) -> tuple[int, int]:
    """The width of the vector condition, and that of all the tokens it is projected to."""
    if config.vector_channels is None or config.context_channels is None:
        raise ValueError("vector_tokens wants vector_channels, and context_channels beside which they are read")
    return config.vector_channels, config.vector_tokens * config.context_channels


def time_embed(config: UNetConfig) -> nn.Sequential:
    """The layers between the time's cosines and sines and what residual blocks are told."""
    channels = 4 * config.model_channels
    return nn.Sequential(Linear(config.model_channels, channels), nn.SiLU(), Linear(channels, channels))


def _residual(config: UNetConfig, channels: int, out_channels: int, **more: Any) -> ResBlock:
    return ResBlock(
        channels,
        out_channels,
        4 * config.model_channels,
        dropout=config.dropout,
        scale_shift=config.use_scale_shift_norm,
        groups=config.groups,
        rescale=config.rescale_residuals,
        **more,
    )


def _attention(config: UNetConfig, channels: int, depth: int, crossed: bool = False) -> nn.Module:
    width = config.num_head_channels
    heads = config.num_heads if width is None else channels // width
    if channels % heads:
        raise ValueError(f"{channels} channels cannot be shared by {heads} heads")
    if config.attention == "transformer":
        context = config.context_channels or channels
        linear = config.linear_projections
        more: dict[str, Any] = {"depth": depth, "linear": linear, "crossed": crossed, "groups": config.groups}
        return SpatialTransformer(channels, context, heads, **more)
    chunked = config.use_new_attention_order
    tokens = config.context_channels
    return AttentionBlock(channels, heads, chunked=chunked, groups=config.groups, context_channels=tokens)


def encoder(config: UNetConfig) -> tuple[list[Stage], list[int]]:
    """The stages from the picture down, and how many channels each puts out."""
    channels = config.widths[0]
    stages, skips = [Stage([Conv2d(config.in_channels, channels, 3, padding=1)])], [channels]
    blocks, depths = config.per_level(config.num_res_blocks), config.per_level(config.transformer_depth)
    crossed = config.per_level(config.disable_self_attentions)
    for level, width in enumerate(config.widths):
        if config.downsample_first:
            stages.append(Stage([_downsample(config, channels, width)]))
            channels = width
            skips.append(channels)
        for _ in range(blocks[level]):
            layers: list[nn.Module] = [_residual(config, channels, width)]
            channels = width
            if config.factors[level] in config.attention_resolutions:
                layers.append(_attention(config, channels, depths[level], bool(crossed[level])))
            stages.append(Stage(layers))
            skips.append(channels)
        if not config.downsample_first and level < len(config.widths) - 1:
            stages.append(Stage([_downsample(config, channels, channels)]))
            skips.append(channels)
    return stages, skips


def middle(config: UNetConfig) -> Stage:
    """The smallest level: attention between two residual blocks."""
    channels = config.widths[-1]
    depth = config.per_level(config.transformer_depth)[-1]
    first, last = _residual(config, channels, channels), _residual(config, channels, channels)
    return Stage([first, _attention(config, channels, depth), last])


def _decoder(config: UNetConfig, skips: list[int]) -> Iterator[Stage]:
    """The stages back up; each reads what the encoder put out at its place, last first."""
    channels = skips[-1]
    waiting = iter(reversed(skips))
    blocks, depths = config.per_level(config.num_res_blocks), config.per_level(config.transformer_depth)
    crossed = config.per_level(config.disable_self_attentions)
    for level, width in reversed(list(enumerate(config.widths))):
        for index in range(blocks[level] + 1):
            layers: list[nn.Module] = [_residual(config, channels + next(waiting), width)]
            channels = width
            if config.factors[level] in config.attention_resolutions:
                layers.append(_attention(config, channels, depths[level], bool(crossed[level])))
            if index == blocks[level] and (level or config.downsample_first):
                layers.append(_upsample(config, channels))
            yield Stage(layers)
    if config.downsample_first:
        yield Stage([_residual(config, channels + next(waiting), channels)])


def _downsample(config: UNetConfig, channels: int, out_channels: int) -> nn.Module:
    if config.resblock_updown:
        return _residual(config, channels, out_channels, resample="down")
    return Downsample(channels, config.conv_resample, out_channels)


def _upsample(config: UNetConfig, channels: int) -> nn.Module:
    if config.resblock_updown:
        return _residual(config, channels, channels, resample="up")
    return Upsample(channels, config.conv_resample)
