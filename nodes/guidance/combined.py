"""Denoisers that are asked together, and what is made of their answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import noisegraph as ng


class Combine(Protocol):
    """From the denoisers' data, in order, the state and its level to the guided data; shapes as the state's."""

    def __call__(self, found: list[ng.Tensor], x: ng.Tensor, level: ng.Level, /) -> ng.Tensor: ...


@dataclass(frozen=True, eq=False)
class Combined:
    """A denoiser made of others, each asked once; the learned variance is that of the first (as in GLIDE)."""

    denoisers: tuple[ng.Denoiser, ...]
    combine: Combine

    def __call__(self, x: ng.Tensor, level: ng.Level) -> ng.Tensor:
        return self.predict(x, level).x0

    def predict(self, x: ng.Tensor, level: ng.Level) -> ng.Predicted:
        """The guided data, and the learned variance of the first denoiser."""
        found = ng.predict_together(self.denoisers, x, level)
        return ng.Predicted(self.combine([one.x0 for one in found], x, level), found[0].variance)


def inner(one: ng.Tensor, other: ng.Tensor) -> ng.Tensor:
    """The inner product of every image with its partner, [batch, 1, ...]."""
    return (one * other).flatten(1).sum(1).reshape(-1, *[1] * (one.ndim - 1))


def along(one: ng.Tensor, direction: ng.Tensor) -> ng.Tensor:
    """The component of every image along another; nothing along a direction of no length."""
    import torch

    length = inner(direction, direction)
    return torch.where(length > 0, inner(one, direction) / length, 0.0) * direction
