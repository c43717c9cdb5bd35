"""Training a network to know the score of points, by any of the ways to match it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import noisegraph as ng
import torch
from torch import Tensor

from .batches import random_of
from .denoising import described, spread
from .descent import descend
from .examples import Schedule, Trained
from .settings import Objective

AT_ONCE = 4
"""Levels in a batch, which share its points."""


def loop(
    points: Tensor,
    exact: ng.Denoiser | None,
    architecture: ng.Architecture,
    process: ng.Process,
    schedule: Schedule,
    objective: Objective,
    prediction: ng.Prediction,
    count: int,
) -> ng.Loop[Trained]:
    """The loop that trains `architecture` on `points` [points, dimensions] by `objective`, each level times sigma^2."""
    if objective == "explicit" and exact is None:
        raise ng.NodeError("explicit score matching wants the true score", "wire 'exact', as mixture.denoiser gives it")
    points, levels = points.cpu(), spread(process, count)

    def loss(network: Callable[..., Any], iteration: int, device: torch.device) -> Tensor:
        random = random_of(schedule.seed, iteration)

        def denoiser(x: Tensor, level: ng.Level) -> Tensor:
            return ng.to_x0(network(x, x.new_full((len(x),), level.t)), x, level, prediction)

        total = torch.zeros((), device=device)
        for index in random.integers(len(levels), size=min(AT_ONCE, len(levels))):
            level, size = levels[index], max(1, schedule.batch // AT_ONCE)
            data = points[torch.from_numpy(random.integers(len(points), size=size))].to(device)
            noise, along = (
                torch.from_numpy(random.standard_normal(data.shape, "float32")).to(device) for _ in range(2)
            )
            each = _matched(objective, denoiser, exact, data, noise, along, level)
            total = total + level.sigma**2 * each.mean() / AT_ONCE
        return total

    def verdict(network: Callable[..., Any]) -> dict[str, Any]:
        training = {"objective": objective, "levels": count, **asdict(schedule)}
        shape = list(points.shape[1:])
        return {"shape": shape, "prediction": prediction, "process": described(process), "training": training}

    return descend(architecture, schedule, loss, verdict)


def _matched(
    objective: Objective,
    denoiser: ng.Denoiser,
    exact: ng.Denoiser | None,
    data: Tensor,
    noise: Tensor,
    along: Tensor,
    level: ng.Level,
) -> Tensor:
    """How far the denoiser's score is from the true one at noised data, [batch], up to what no denoiser changes."""
    if objective == "denoising":
        return ng.denoising_score_matching(denoiser, data, noise, level)
    x = ng.noised(data, noise, level)
    if objective == "explicit":
        assert exact is not None
        return ng.explicit_score_matching(denoiser, ng.score(exact, x, level), x, level)
    if objective == "implicit":
        return ng.implicit_score_matching(denoiser, x, level)
    return ng.sliced_score_matching(denoiser, x, level, along[None])
