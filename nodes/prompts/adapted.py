"""LoRAs beside the layers of text encoders: which of a file's tensors are for which encoder."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace

import noisegraph as ng

from ..checkpoints.checkpoint import Checkpoint
from ..checkpoints.kinds import is_lora, refusal
from ..checkpoints.locate import text_parts
from ..checkpoints.lora import OF_UNET, beside, check_shapes, flat, layer_names, shapes_beneath, sides
from .encoder import TextEncoder

_PREFIXES = (("lora_te_", "lora_te1_", "text_encoder."), ("lora_te2_", "text_encoder_2."))
"""How names begin that are for the first encoder of a model, and for the second of Stable Diffusion XL."""


def adapted(encoder: TextEncoder, lora: Checkpoint, strength: float) -> TextEncoder:
    """The encoders with a file's branches beside them; what it has none for stays.

    Where that is all it is told, unless the file is for the U-Net, as many are that leave the words alone. Raises
    NodeError for a file that is for another network.
    """
    if encoder.kind != "clip":
        raise ng.NodeError(f"a LoRA for a text encoder of the kind {encoder.kind}", "LoRAs are for CLIP's")
    if not is_lora(lora):
        raise refusal(lora, "LoRA", "give a file of low-rank branches")
    several = (encoder, *encoder.beside)
    made = []
    for one, prefixes in zip(several, _prefixes(lora, len(several)), strict=True):
        shapes = shapes_beneath(one.weights)
        there = bool(sides(lora, prefixes, _layers(shapes)))
        weights = beside(one.weights, lora, prefixes, _layers(shapes), shapes, strength) if there else one.weights
        made.append(replace(one, weights=weights))
    if made == list(several) and not any(name.startswith(OF_UNET) for name in lora.entries):
        logging.getLogger(__name__).warning("'%s' brings nothing for text encoders", lora.path)
    return replace(made[0], beside=tuple(made[1:]))


def check(model: Checkpoint, lora: Checkpoint) -> None:
    """Raise NodeError for a LoRA that is for text encoders of another model."""
    if not is_lora(lora):
        raise refusal(lora, "LoRA", "give a file of low-rank branches")
    parts = text_parts(model)
    for one, prefixes in zip(parts, _prefixes(lora, len(parts)), strict=True):
        shapes = one.part.shapes(model)
        check_shapes(sides(lora, prefixes, _layers(shapes)), shapes, lora.path)


def _prefixes(lora: Checkpoint, encoders: int) -> tuple[tuple[str, ...], ...]:
    """How names begin for each encoder; the refiner of Stable Diffusion XL has the second alone."""
    if encoders == 1 and not any(name.startswith(_PREFIXES[0]) for name in lora.entries):
        return (_PREFIXES[1],)
    return _PREFIXES[:encoders]


def _layers(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, str]:
    """What the layers may be called in a file, without dots -> our name; later files leave out `text_model`."""
    own = layer_names(shapes)
    return {flat(name.removeprefix("text_model.")): name for name in own} | {flat(name): name for name in own}
