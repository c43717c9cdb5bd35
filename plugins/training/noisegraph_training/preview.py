"""What a network in training draws, in a few deterministic steps: one picture a class, or what goes with examples."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import noisegraph as ng
import torch

from .batches import noisy_batch, random_of
from .denoising import Look, Network, Told, spread
from .examples import Examples, Goal

STEPS = 20
SHOWN = 8
"""Examples whose conditions a preview is drawn under."""


def under(
    shown: Callable[[ng.Tensor], ng.Tensor | None],
    data: ng.Tensor,
    told: Told,
    process: ng.Process,
    goal: Goal,
    seed: int,
) -> Look:
    """Shows what a network draws under the conditions of a few of the examples [examples, ...]."""

    def look(network: Network) -> ng.Tensor | None:
        batch = noisy_batch(data.cpu(), spread(process, goal.levels), SHOWN, 0.0, seed, 0)
        few = told(batch, random_of(seed, 0, draw=1))
        return shown(drawn(network, few, batch.x.shape, process, goal.prediction))

    return look


def drawn(
    network: Network,
    told: Mapping[str, ng.Tensor],
    shape: Sequence[int],
    process: ng.Process,
    prediction: ng.Prediction,
) -> ng.Tensor:
    """What it draws under conditions [batch, ...], of that shape, by DDIM (Song et al. 2021, eq. 12, eta = 0)."""
    x = ng.normal(range(shape[0]), torch.empty(*shape), "preview")
    span = (process.t_max - process.t_min) / STEPS
    points = [process.level(process.t_max - index * span) for index in range(STEPS + 1)]
    with torch.no_grad():
        for here, there in pairwise(points):
            output = network(x, torch.full((len(x),), here.t), **told)
            x0 = ng.to_x0(output, x, here, prediction)
            x = there.alpha * x0 + there.sigma * ng.to_eps(x0, x, here)
    return x


def classes(network: Network, examples: Examples, process: ng.Process, prediction: ng.Prediction) -> ng.Tensor:
    """One picture a class [classes, 3, height, width] in [0, 1]."""
    labels, shape = torch.arange(examples.classes), (examples.classes, *examples.data.shape[1:])
    return pictures(drawn(network, {"y": labels}, shape, process, prediction))


def pictures(x: ng.Tensor) -> ng.Tensor:
    """Data in [-1, 1] of one channel or three as pictures in [0, 1]."""
    return ((x + 1) / 2).clamp(0, 1).expand(-1, 3, -1, -1)
