"""The node that makes a weights file, with its card, of what was learned."""

from __future__ import annotations

from typing import Literal

import noisegraph as ng

from .examples import Trained


@ng.node(device=False)
def weights(
    trained: Trained,
    architecture: ng.Architecture,
    *,
    purpose: str,
    licence: str,
    graph: str,
    dtype: Literal["float32", "float16"] = "float32",
) -> ng.WeightsFile:
    """What was learned as a weights file with a card.

    purpose: what the network does, in a sentence
    licence: under which the weights may be used
    graph: the graph that makes them
    dtype: how the numbers are stored
    """
    import torch

    card = {
        "about": purpose,
        "licence": licence,
        "graph": graph,
        **trained.facts,
        "network": dict(architecture.config),
        "parameters": sum(value.numel() for value in trained.parameters.values()),
        "loss": round(trained.loss, 6),
    }
    stored = getattr(torch, dtype)
    return ng.WeightsFile(
        {name: value.cpu().contiguous().to(stored) for name, value in trained.parameters.items()}, card
    )
