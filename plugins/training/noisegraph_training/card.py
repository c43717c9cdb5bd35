"""The node that makes a weights file, with its card, of what was learned."""

from __future__ import annotations

from typing import Literal

import noisegraph as ng

from .examples import Trained
from .origins import Autoencoder, TextEncoder, agreeing, told


@ng.node(device=False, facts=agreeing)
def weights(
    trained: Trained,
    architecture: ng.Architecture,
    vae: Autoencoder | None = None,
    encoder: TextEncoder | None = None,
    *,
    purpose: str,
    licence: str,
    graph: str,
    stored: Literal["float32", "float16", "int8"] = "float32",
) -> ng.WeightsFile:
    """What was learned as a weights file with a card.

    vae: what made the latents of the training, for the card: model.trained then refuses those of another
    encoder: what said its words, or saw its pictures, as well
    purpose: what the network does, in a sentence
    licence: under which the weights may be used
    graph: the graph that makes them
    stored: how the numbers lie in the file; int8: matrices by rows, NAME.scale times whole numbers, the rest as float16
    """
    card = {
        "about": purpose,
        "licence": licence,
        "graph": graph,
        **trained.facts,
        **told(vae, encoder),
        "network": dict(architecture.config),
        "parameters": sum(value.numel() for value in trained.parameters.values()),
        "loss": round(trained.loss, 6),
        "stored": stored,
    }
    tensors: dict[str, ng.Tensor] = {}
    for name, value in trained.parameters.items():
        tensors |= _stored(name, value.cpu().contiguous(), stored)
    return ng.WeightsFile(tensors, card)


def _stored(name: str, value: ng.Tensor, dtype: str) -> dict[str, ng.Tensor]:
    """A parameter as the file has it, by name: itself, or whole numbers up to 127 and the scale of each row."""
    import torch

    if dtype != "int8":
        return {name: value.to(getattr(torch, dtype))}
    if value.ndim < 2:
        return {name: value.half()}
    largest = value.flatten(1).abs().amax(1).view(-1, *[1] * (value.ndim - 1))
    # A row's scale is stored as float16: the numbers are those that this very scale gives back best.
    scale = (largest / 127).clamp(min=2**-24).half()
    whole = (value / scale.float()).round().clamp(-127, 127).to(torch.int8)
    return {name: whole, f"{name}.scale": scale}
