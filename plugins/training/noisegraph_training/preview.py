"""What a network in training draws: one picture a class, in a few deterministic steps."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import noisegraph as ng
import torch
from torch import Tensor

from .examples import Examples

STEPS = 20


def pictures(
    network: Callable[..., Any],
    examples: Examples,
    process: ng.Process,
    prediction: ng.Prediction,
) -> Tensor:
    """One picture a class [classes, 3, height, width] in [0, 1], by DDIM (Song et al. 2021, eq. 12, eta = 0)."""
    labels = torch.arange(examples.classes)
    x = ng.normal(range(examples.classes), torch.empty(examples.classes, *examples.data.shape[1:]), "preview")
    span = (process.t_max - process.t_min) / STEPS
    points = [process.level(process.t_max - index * span) for index in range(STEPS + 1)]
    with torch.no_grad():
        for here, there in pairwise(points):
            output = network(x, torch.full((len(x),), here.t), y=labels)
            x0 = ng.to_x0(output, x, here, prediction)
            x = there.alpha * x0 + there.sigma * ng.to_eps(x0, x, here)
    return ((x + 1) / 2).clamp(0, 1).expand(-1, 3, -1, -1)
