"""Training a class-conditional denoiser with the simple loss (Ho et al. 2020)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from typing import Any

import noisegraph as ng
import torch
from torch import Tensor

from .batches import noisy_batch
from .descent import descend
from .examples import Examples, Settings, Trained
from .objective import simple_loss
from .preview import pictures


def loop(
    examples: Examples, architecture: ng.Architecture, process: ng.Process, settings: Settings
) -> ng.Loop[Trained]:
    """The loop that trains `architecture` on `examples`."""
    examples = examples._replace(data=examples.data.cpu(), labels=examples.labels.cpu())
    levels = spread(process, settings.levels)

    def objective(network: Callable[..., Any], iteration: int, device: torch.device) -> Tensor:
        batch = noisy_batch(examples, levels, settings.batch, settings.drop_label, settings.seed, iteration)
        batch = type(batch)(*(value.to(device) for value in batch))
        return simple_loss(network(batch.x, batch.t, y=batch.labels), batch, settings.prediction)

    def verdict(network: Callable[..., Any]) -> dict[str, Any]:
        return {
            "data": examples.name,
            "data_licence": examples.licence,
            "classes": examples.classes,
            "shape": list(examples.data.shape[1:]),
            "prediction": settings.prediction,
            "process": described(process),
            "training": settings._asdict(),
        }

    def look(network: Callable[..., Any]) -> Tensor:
        return pictures(network, examples, process, settings.prediction)

    return descend(architecture, settings.descent, objective, verdict, look)


def spread(process: ng.Process, count: int) -> list[ng.Level]:
    """Levels evenly spaced from t_min to t_max; those of a discrete process with `count` levels are its own."""
    span = (process.t_max - process.t_min) / (count - 1)
    return [process.level(process.t_min + index * span) for index in range(count)]


def described(process: ng.Process) -> dict[str, Any]:
    """The process as plain data: the name of its class and its fields."""
    if not is_dataclass(process):
        raise ng.NodeError(f"{process!r} cannot be written in a card", "train with a process that is a dataclass")
    return {"kind": type(process).__name__, **asdict(process)}
