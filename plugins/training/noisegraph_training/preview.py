"""What a network in training draws, in a few deterministic steps: one picture a class, or under some conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Protocol

import noisegraph as ng

from .examples import Examples

STEPS = 20


class Preview(Protocol):
    """How latents are shown, as sampler.preview gives it."""

    @property
    def space(self) -> str:
        """Whose colours they are, where there is no autoencoder."""

    def __call__(self, x0: ng.Tensor, /) -> ng.Tensor | None:
        """Pictures in [0, 1]; None for what has no picture's shape."""


def drawn(
    network: Callable[..., Any],
    told: Mapping[str, ng.Tensor],
    sizes: Sequence[int],
    process: ng.Process,
    prediction: ng.Prediction,
) -> ng.Tensor:
    """What it draws under conditions [batch, ...], [batch, *sizes], by DDIM (Song et al. 2021, eq. 12, eta = 0)."""
    import torch

    count = len(next(iter(told.values())))
    x = ng.normal(range(count), torch.empty(count, *sizes), "preview")
    span = (process.t_max - process.t_min) / STEPS
    points = [process.level(process.t_max - index * span) for index in range(STEPS + 1)]
    with torch.no_grad():
        for here, there in pairwise(points):
            output = network(x, torch.full((len(x),), here.t), **told)
            x0 = ng.to_x0(output, x, here, prediction)
            x = there.alpha * x0 + there.sigma * ng.to_eps(x0, x, here)
    return x


def pictures(
    network: Callable[..., Any],
    examples: Examples,
    process: ng.Process,
    prediction: ng.Prediction,
) -> ng.Tensor:
    """One picture a class [classes, 3, height, width] in [0, 1]."""
    import torch

    labels = torch.arange(examples.classes)
    x = drawn(network, {"y": labels}, examples.data.shape[1:], process, prediction)
    return ((x + 1) / 2).clamp(0, 1).expand(-1, 3, -1, -1)
