"""Training a conditional denoiser of latents, or of embeddings: each is told what goes with its example."""

from __future__ import annotations

from collections.abc import Mapping

import noisegraph as ng
import torch
from numpy.random import Generator
from torch import Tensor

from . import denoising
from .batches import Batch
from .examples import Captioned, Goal, Preview, Schedule, Trained, origin
from .preview import under


def nothing(batch: Batch, random: Generator) -> dict[str, Tensor]:
    """What a network is told beside what lies in a table, where that is all."""
    return {}


def loop(
    source: Captioned,
    latents: Tensor,
    table: Mapping[str, Tensor],
    architecture: ng.Architecture,
    process: ng.Process,
    schedule: Schedule,
    goal: Goal,
    beside: denoising.Told = nothing,
    held_out: denoising.Seen | None = None,
    preview: Preview | None = None,
) -> ng.Loop[Trained]:
    """The loop that trains `architecture` on latents under the conditions of a table, and what stands `beside` them.

    preview: shows what is drawn under a few of these conditions
    """
    words = denoising.looked_up(table)

    def told(batch: Batch, random: Generator) -> dict[str, Tensor]:
        return {**words(batch, random), **beside(batch, random)}

    look = None if preview is None else under(preview, latents, told, process, goal, schedule.seed)
    return denoising.loop(latents, told, architecture, process, schedule, goal, origin(source), look, held_out)


def apart(latents: Tensor | None, wanted: ng.Condition | None) -> denoising.Seen | None:
    """Latents that are held out, with their conditions; raises NodeError for one without the other."""
    if (latents is None) != (wanted is None):
        told = "held out are latents without conditions, or conditions without latents"
        raise ng.NodeError(told, "wire both held_out and held_out_wanted, or neither")
    if latents is None or wanted is None:
        return None
    return denoising.Seen(latents, denoising.looked_up(tabled(wanted, None, len(latents))))


def tabled(wanted: ng.Condition, empty: ng.Condition | None, count: int) -> dict[str, Tensor]:
    """By name, one condition an example and the empty one, if there is one, after the last: [count + 1, ...]."""
    if empty is not None and set(wanted) != set(empty):
        told = f"a condition of {', '.join(sorted(wanted))}, and an empty one of {', '.join(sorted(empty))}"
        raise ng.NodeError(told, "make both with the same nodes")
    if empty is not None and (sizes := {len(value) for value in empty.values()} - {1}):
        raise ng.NodeError(
            f"an empty condition of {min(sizes)} texts or values", "make it of one, such as the empty text"
        )
    table = {
        name: value.expand(count, *value.shape[1:]) if len(value) == 1 else value for name, value in wanted.items()
    }
    for value in table.values():
        if len(value) != count:
            told = f"{len(value)} conditions for {count} latents"
            raise ng.NodeError(told, "encode the captions of these very pictures")
    if empty is None:
        return table
    return {name: torch.cat([value.cpu(), empty[name].cpu()]) for name, value in table.items()}
