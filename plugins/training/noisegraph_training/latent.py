"""Training a conditional denoiser of latents, or of embeddings: each is told what goes with its example."""

from __future__ import annotations

import noisegraph as ng
import torch
from torch import Tensor

from . import denoising
from .examples import Captioned, Goal, Schedule, Trained


def loop(
    source: Captioned,
    latents: Tensor,
    wanted: ng.Condition,
    empty: ng.Condition,
    architecture: ng.Architecture,
    process: ng.Process,
    schedule: Schedule,
    goal: Goal,
) -> ng.Loop[Trained]:
    """The loop that trains `architecture` on latents under `wanted` [examples, ...] or `empty` [1, ...]."""
    facts = {"data": source.name, "data_licence": source.licence}
    told = denoising.looked_up(tabled(wanted, empty, len(latents)))
    return denoising.loop(latents, told, architecture, process, schedule, goal, facts)


def tabled(wanted: ng.Condition, empty: ng.Condition, count: int) -> dict[str, Tensor]:
    """By name, one condition an example and the empty one after the last: [count + 1, ...]."""
    if set(wanted) != set(empty):
        told = f"a condition of {', '.join(sorted(wanted))}, and an empty one of {', '.join(sorted(empty))}"
        raise ng.NodeError(told, "make both with the same nodes")
    for value in wanted.values():
        if len(value) != count:
            told = f"{len(value)} conditions for {count} latents"
            raise ng.NodeError(told, "encode the captions of these very pictures")
    return {name: torch.cat([value.cpu(), empty[name].cpu()]) for name, value in wanted.items()}
