"""Training a text-conditional denoiser of latents: each caption is told as the states of its text network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import noisegraph as ng
import torch
from torch import Tensor

from .batches import noisy_batch
from .ddpm import described, spread
from .descent import descend
from .examples import Captioned, Examples, Settings, Trained
from .objective import simple_loss


def loop(
    source: Captioned,
    latents: Tensor,
    wanted: Tensor,
    empty: Tensor,
    architecture: ng.Architecture,
    process: ng.Process,
    settings: Settings,
) -> ng.Loop[Trained]:
    """The loop that trains `architecture` on latents under `wanted` [examples, length, width] or `empty` [1, ...]."""
    count = len(latents)
    if len(wanted) != count:
        raise ng.NodeError(
            f"{len(wanted)} conditions for {count} latents", "encode the captions of these very pictures"
        )
    told = torch.cat([wanted, empty]).cpu()
    levels = spread(process, settings.levels)
    # the label of an example is its row, the empty label the row after the last: those are the rows of `told`
    examples = Examples(latents.cpu(), torch.arange(count, device="cpu"), count, source.name, source.licence)

    def objective(network: Callable[..., Any], iteration: int, device: torch.device) -> Tensor:
        batch = noisy_batch(examples, levels, settings.batch, settings.drop_label, settings.seed, iteration)
        context = told[batch.labels].to(device)
        batch = type(batch)(*(value.to(device) for value in batch))
        return simple_loss(network(batch.x, batch.t, context=context), batch, settings.prediction)

    def verdict(network: Callable[..., Any]) -> dict[str, Any]:
        return {
            "data": source.name,
            "data_licence": source.licence,
            "shape": list(latents.shape[1:]),
            "prediction": settings.prediction,
            "process": described(process),
            "training": settings._asdict(),
        }

    return descend(architecture, settings.descent, objective, verdict)
