"""Training a class-conditional denoiser (Ho et al. 2020)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import noisegraph as ng
import torch
from torch import Tensor

from . import denoising
from .examples import Examples, Goal, Schedule, Trained, origin
from .preview import classes


def loop(
    examples: Examples,
    architecture: ng.Architecture,
    process: ng.Process,
    schedule: Schedule,
    goal: Goal,
    labelled: bool,
) -> ng.Loop[Trained]:
    """The loop that trains `architecture` on `examples`; the empty label is the one after the last."""
    facts = {**origin(examples), "classes": examples.classes}
    empty = torch.tensor([examples.classes], device="cpu")
    told = denoising.looked_up({"y": torch.cat([examples.labels.cpu(), empty])} if labelled else {})

    def look(network: Callable[..., Any]) -> Tensor:
        return classes(network, examples, process, goal.prediction)

    return denoising.loop(examples.data, told, architecture, process, schedule, goal, facts, look if labelled else None)
