"""Tiny autoencoders, a few layers that give nearly what a large one gives, with TAESD's parameter names."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from .tiny_config import TinyConfig


class Block(nn.Module):
    """Three convolutions; residual."""

    def __init__(self, channels: int, out_channels: int) -> None:
        super().__init__()
        widths = (channels, out_channels, out_channels, out_channels)
        first, second, third = (nn.Conv2d(before, after, 3, padding=1) for before, after in pairwise(widths))
        self.conv = nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), third)
        same = channels == out_channels
        self.skip = nn.Identity() if same else nn.Conv2d(channels, out_channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.conv(x) + self.skip(x))


class Bounded(nn.Module):
    """What is beyond three is brought to it, smoothly."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x / 3) * 3


class TinyAutoencoder(nn.Module):
    """Latents are scaled as denoisers know them; of the two halves one may be missing."""

    def __init__(self, config: TinyConfig) -> None:
        super().__init__()
        self.config = config
        if config.encoder_blocks:
            self.encoder = _encoder(config)
        if config.decoder_blocks:
            self.decoder = _decoder(config)

    def decode(self, latent: Tensor) -> Tensor:
        """Latents [batch, channels, h, w] -> pictures in [-1, 1], [batch, 3, h * factor, w * factor]."""
        return self.decoder(latent) * 2 - 1  # type: ignore[no-any-return]

    def means(self, picture: Tensor) -> Tensor:
        """Pictures in [-1, 1] -> their latents."""
        return self.encoder(picture / 2 + 0.5)  # type: ignore[no-any-return]

    def forward(self, picture: Tensor) -> Tensor:
        return self.decode(self.means(picture))


def _encoder(config: TinyConfig) -> nn.Sequential:
    """Blocks at each size, the largest first."""
    width = config.width
    layers: list[nn.Module] = []
    for level, blocks in enumerate(config.encoder_blocks):
        first = nn.Conv2d(width, width, 3, stride=2, padding=1, bias=False)
        layers += [first if level else nn.Conv2d(3, width, 3, padding=1), *(Block(width, width) for _ in range(blocks))]
    return nn.Sequential(*layers, nn.Conv2d(width, config.channels, 3, padding=1))


def _decoder(config: TinyConfig) -> nn.Sequential:
    """Blocks at each size, the smallest first."""
    width = config.width
    layers: list[nn.Module] = [Bounded(), nn.Conv2d(config.channels, width, 3, padding=1), nn.ReLU()]
    for level, blocks in enumerate(config.decoder_blocks):
        if level:
            layers += [nn.Upsample(scale_factor=2), nn.Conv2d(width, width, 3, padding=1, bias=False)]
        layers += [Block(width, width) for _ in range(blocks)]
    return nn.Sequential(*layers, nn.Conv2d(width, 3, 3, padding=1))


def tiny(**config: Any) -> TinyAutoencoder:
    """The tiny autoencoder of a configuration."""
    return TinyAutoencoder(TinyConfig(**config))
