"""The network of ESRGAN upscalers, residual in residual dense blocks (Wang et al. 2018), with BasicSR's names."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

SHARE = 0.2
"""What is left of each branch before it is added."""


def bent(x: Tensor) -> Tensor:
    """The activation between layers."""
    return functional.leaky_relu(x, 0.2)


class Dense(nn.Module):
    """Five convolutions, each of which reads all before it; residual."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        for number in range(1, 6):
            before, after = channels + (number - 1) * growth, channels if number == 5 else growth
            self.add_module(f"conv{number}", nn.Conv2d(before, after, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        seen = x
        for number in range(1, 5):
            seen = torch.cat([seen, bent(self.get_submodule(f"conv{number}")(seen))], dim=1)
        return x + SHARE * self.get_submodule("conv5")(seen)  # type: ignore[no-any-return]


class Block(nn.Module):
    """Three dense blocks; residual."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        self.rdb1, self.rdb2, self.rdb3 = (Dense(channels, growth) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        return x + SHARE * self.rdb3(self.rdb2(self.rdb1(x)))  # type: ignore[no-any-return]


class RRDBNet(nn.Module):
    """module(x): pictures [batch, channels, h, w] in [0, 1] -> the same, 2 ** doublings / folded times as large.

    `folded`: the picture is first made so many times smaller, its pixels becoming channels.
    """

    def __init__(self, channels: int, folded: int, width: int, growth: int, blocks: int, doublings: int) -> None:
        super().__init__()
        self.folded, self.doublings = folded, doublings
        self.conv_first = nn.Conv2d(channels * folded**2, width, 3, padding=1)
        self.body = nn.Sequential(*(Block(width, growth) for _ in range(blocks)))
        self.conv_body = nn.Conv2d(width, width, 3, padding=1)
        for number in range(1, doublings + 1):
            self.add_module(f"conv_up{number}", nn.Conv2d(width, width, 3, padding=1))
        self.conv_hr = nn.Conv2d(width, width, 3, padding=1)
        self.conv_last = nn.Conv2d(width, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv_first(functional.pixel_unshuffle(x, self.folded) if self.folded > 1 else x)
        x = x + self.conv_body(self.body(x))
        for number in range(1, self.doublings + 1):
            wide = functional.interpolate(x, scale_factor=2, mode="nearest")
            x = bent(self.get_submodule(f"conv_up{number}")(wide))
        return self.conv_last(bent(self.conv_hr(x)))  # type: ignore[no-any-return]
