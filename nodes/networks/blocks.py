"""The parts that U-Nets are made of, with the parameter names of the guided-diffusion checkpoints."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from .layers import Conv2d, Linear

Resample = Literal["none", "down", "up"]
M = TypeVar("M", bound=nn.Module)


def timestep_embedding(t: Tensor, channels: int, max_period: float = 10_000.0) -> Tensor:
    """Cosines, then sines, of t [batch] (it may be fractional) at geometric frequencies: float32 [batch, channels]."""
    half = channels // 2
    rates = torch.exp(-math.log(max_period) * torch.arange(half, dtype=torch.float32, device=t.device) / half)
    angles = t.float()[:, None] * rates
    return functional.pad(torch.cat([angles.cos(), angles.sin()], dim=-1), (0, channels % 2))


def zeroed(module: M) -> M:
    """The module with all parameters set to zero: a branch that begins as nothing."""
    for parameter in module.parameters():
        if not parameter.is_meta:
            nn.init.zeros_(parameter)
    return module


class GroupNorm(nn.GroupNorm):
    """Group normalization whose statistics are taken in at least float32."""

    def reset_parameters(self) -> None:
        """Set its values, where there are some."""
        if not self.weight.is_meta:
            super().reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        if x.dtype in (torch.float32, torch.float64):
            return super().forward(x)
        wide = functional.group_norm(x.float(), self.num_groups, self.weight.float(), self.bias.float(), self.eps)
        return wide.to(x.dtype)


class Upsample(nn.Module):
    """Twice the size, or a size given, by nearest neighbours, then a convolution if wanted."""

    def __init__(self, channels: int, convolve: bool, out_channels: int | None = None) -> None:
        super().__init__()
        if convolve:
            self.conv = Conv2d(channels, out_channels or channels, 3, padding=1)
        self.convolve = convolve

    def forward(self, x: Tensor, size: Sequence[int] | None = None) -> Tensor:
        twice = (2 * x.shape[2], 2 * x.shape[3])
        x = functional.interpolate(x, tuple(size or twice), mode="nearest")
        return self.conv(x) if self.convolve else x


class Downsample(nn.Module):
    """Half the size by a strided convolution, or by the mean of 2 x 2."""

    def __init__(self, channels: int, convolve: bool, out_channels: int | None = None) -> None:
        super().__init__()
        out_channels = out_channels or channels
        if not convolve and out_channels != channels:
            raise ValueError(f"a mean over 2 x 2 keeps {channels} channels, it cannot make {out_channels}")
        self.op = Conv2d(channels, out_channels, 3, stride=2, padding=1) if convolve else nn.AvgPool2d(2)

    def forward(self, x: Tensor) -> Tensor:
        return self.op(x)  # type: ignore[no-any-return]


def resampler(kind: Resample, channels: int) -> nn.Module:
    """What a residual block does to the size of both its branches (the BigGAN block, Brock et al. 2019)."""
    if kind == "none":
        return nn.Identity()
    return Upsample(channels, False) if kind == "up" else Downsample(channels, False)


class ResBlock(nn.Module):
    """Two convolutions and a skip, told the time by addition or by scale and shift (adaptive group normalization).

    x [batch, channels, h, w], emb [batch or 1, emb_channels] -> [batch, out_channels, h', w'].
    """

    def __init__(
        self,
        channels: int,
        out_channels: int,
        emb_channels: int,
        *,
        dropout: float = 0.0,
        scale_shift: bool = False,
        resample: Resample = "none",
        groups: int = 32,
        rescale: bool = False,
    ) -> None:
        super().__init__()
        self.scale_shift = scale_shift
        self.scale = math.sqrt(0.5) if rescale else 1.0
        self.in_layers = nn.Sequential(
            GroupNorm(groups, channels), nn.SiLU(), Conv2d(channels, out_channels, 3, padding=1)
        )
        self.resample = resampler(resample, channels)
        self.emb_layers = nn.Sequential(nn.SiLU(), Linear(emb_channels, (1 + scale_shift) * out_channels))
        self.out_layers = nn.Sequential(
            GroupNorm(groups, out_channels),
            nn.SiLU(),
            nn.Dropout(dropout),
            zeroed(Conv2d(out_channels, out_channels, 3, padding=1)),
        )
        same = channels == out_channels
        self.skip_connection = nn.Identity() if same else Conv2d(channels, out_channels, 1)

    def forward(self, x: Tensor, emb: Tensor) -> Tensor:
        norm, activation, convolution = self.in_layers
        h = convolution(self.resample(activation(norm(x))))
        told = self.emb_layers(emb)[:, :, None, None]
        if self.scale_shift:
            scale, shift = told.chunk(2, dim=1)
            h = self.out_layers[1:](self.out_layers[0](h) * (1 + scale) + shift)
        else:
            h = self.out_layers(h + told)
        return (self.skip_connection(self.resample(x)) + h) * self.scale  # type: ignore[no-any-return]
