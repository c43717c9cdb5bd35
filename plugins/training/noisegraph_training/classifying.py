"""Training a classifier of noisy pictures, which guidance asks for its gradient (Dhariwal & Nichol 2021, section 4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import noisegraph as ng
import torch
from torch import Tensor
from torch.nn import functional

from .batches import noisy_batch
from .denoising import described, spread
from .descent import descend
from .examples import Examples, Schedule, Trained, origin


def loop(
    examples: Examples,
    held_out: Examples,
    architecture: ng.Architecture,
    process: ng.Process,
    schedule: Schedule,
    count: int,
) -> ng.Loop[Trained]:
    """The loop that trains `architecture` to tell the label of `examples` at `count` levels of noise."""
    data, labels, levels = examples.data.cpu(), examples.labels.cpu(), spread(process, count)

    def objective(network: Callable[..., Any], iteration: int, device: torch.device) -> Tensor:
        batch = noisy_batch(data, levels, schedule.batch, 0.0, schedule.seed, iteration)
        wanted = labels[batch.rows].to(device)
        return functional.cross_entropy(network(batch.x.to(device), batch.t.to(device)), wanted)

    def verdict(network: Callable[..., Any]) -> dict[str, Any]:
        return {
            **origin(examples),
            "classes": examples.classes,
            "shape": list(data.shape[1:]),
            "process": described(process),
            "accuracy_held_out": accuracies(network, held_out, levels),
            "training": {"levels": count, **asdict(schedule)},
        }

    return descend(architecture, schedule, objective, verdict)


def accuracies(network: Callable[..., Any], held_out: Examples, levels: Sequence[ng.Level]) -> dict[str, float]:
    """By sigma / alpha of some levels, the share of the held-out examples whose label is told."""
    found = {}
    for index in (0, len(levels) // 4, len(levels) // 2, 3 * len(levels) // 4):
        noise = ng.normal(range(len(held_out.data)), held_out.data, "verdict", index)
        x = ng.noised(held_out.data, noise, levels[index])
        told = network(x, torch.full((len(x),), levels[index].t)).argmax(1).cpu()
        found[f"{levels[index].ratio:.3g}"] = round(float((told == held_out.labels).float().mean()), 4)
    return found
