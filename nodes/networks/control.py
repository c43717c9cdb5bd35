"""ControlNet (Zhang et al. 2023): a copy of a U-Net's way down that reads a picture and adds to the U-Net's skips."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from torch import Tensor, nn

from .blocks import zeroed
from .unet import Half
from .unet_config import UNetConfig, tupled

HINT_WIDTHS = (3, 16, 16, 32, 32, 96, 96, 256)
"""Channels of the layers between the picture and the first stage; it is halved where they grow but for the first."""


class ControlNet(Half):
    """module(x, t, hint, ...): hint [batch or 1, 3, 8 h, 8 w] in [0, 1] -> what each stage of a U-Net is given."""

    def __init__(self, config: UNetConfig) -> None:
        super().__init__(config)
        self.zero_convs = nn.ModuleList(nn.Sequential(zeroed(nn.Conv2d(width, width, 1))) for width in self.skips)
        self.middle_block_out = nn.Sequential(zeroed(nn.Conv2d(self.skips[-1], self.skips[-1], 1)))
        layers: list[nn.Module] = []
        for before, after in pairwise(HINT_WIDTHS):
            stride = 2 if 3 < before < after else 1
            layers += [nn.Conv2d(before, after, 3, stride, padding=1), nn.SiLU()]
        last = zeroed(nn.Conv2d(HINT_WIDTHS[-1], config.model_channels, 3, padding=1))
        self.input_hint_block = nn.Sequential(*layers, last)

    def forward(
        self,
        x: Tensor,
        t: Tensor,
        hint: Tensor,
        *,
        y: Tensor | None = None,
        vector: Tensor | None = None,
        context: Tensor | None = None,
    ) -> list[Tensor]:
        emb, tokens = self.told(t, y, vector, x.dtype), self.tokens(context, vector)
        x = x[:, : self.config.in_channels]
        found = []
        for index, (stage, out) in enumerate(zip(self.input_blocks, self.zero_convs, strict=True)):
            x = stage(x, emb, tokens)
            x = x if index else x + self.input_hint_block(hint)
            found.append(out(x))
        return [*found, self.middle_block_out(self.middle_block(x, emb, tokens))]


class Controlled(nn.Module):
    """A U-Net, perhaps under other control already, with one more ControlNet that reads the condition `hint_NUMBER`."""

    def __init__(self, unet: nn.Module, control: ControlNet, number: int, strength: float) -> None:
        super().__init__()
        self.unet, self.control = unet, control
        self.hint, self.strength = f"hint_{number}", strength

    def forward(self, x: Tensor, t: Tensor, *, control: Sequence[Tensor] | None = None, **told: Any) -> Tensor:
        if self.hint not in told:
            raise ValueError(f"the network wants a condition '{self.hint}', the picture that controls it")
        hint: Tensor = told.pop(self.hint)
        words = {name: value for name, value in told.items() if name in ("y", "vector", "context")}
        added = [self.strength * one for one in self.control(x, t, hint, **words)]
        if control is not None:
            added = [one + other for one, other in zip(added, control, strict=True)]
        return self.unet(x, t, control=added, **told)  # type: ignore[no-any-return]


def control(**config: Any) -> ControlNet:
    """The ControlNet of a configuration; lists are taken for tuples, so that it may come from JSON."""
    return ControlNet(UNetConfig(**tupled(config)))
