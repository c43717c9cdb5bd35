"""Tiny autoencoders in files: both halves or one, with the names of their authors, of ComfyUI or of diffusers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .checkpoint import Checkpoint
from .entry import Entries
from .part import Made, Part, own, whole

HALVES = ("encoder", "decoder")
_NAMES = (
    ("encoder", re.compile(r"(?:vae/|taesd_)?encoder\.(?:layers\.)?(\d+)\.(.*)")),
    ("decoder", re.compile(r"(?:vae/|taesd_)?decoder\.(?:layers\.)?(\d+)\.(.*)")),
)
_BLOCK = re.compile(r"(?:conv\.[024]\.(?:weight|bias)|skip\.weight)")
_ALONE = re.compile(r"(\d+)\.(.*)")


def ours(entries: Entries) -> dict[str, Made]:
    """The names of each layout as ours: `encoder.0.weight`, `decoder.3.conv.0.weight`."""
    found = {}
    for name, entry in entries.items():
        for half, pattern in _NAMES:
            split = pattern.fullmatch(name)
            if split is not None:
                # diffusers bounds the latent outside of the layers, so that its decoder's begin one earlier
                later = half == "decoder" and ".layers." in name
                found[f"{half}.{int(split[1]) + later}.{split[2]}"] = entry
    return own(found or _alone(entries))


def _alone(entries: Entries) -> dict[str, Any]:
    """One half in a file of its own: the encoder has its first layer at 0, the decoder at 1."""
    if not all(_ALONE.fullmatch(name) for name in entries):
        return {}
    half = "encoder" if "0.weight" in entries else "decoder"
    return {f"{half}.{name}": entry for name, entry in entries.items()}


def tiny_part(checkpoint: Checkpoint) -> Part | None:
    """The tiny autoencoder of a checkpoint that is nothing else."""
    part = Part("", ours)
    shapes = part.shapes(checkpoint)
    first, last = shapes.get("encoder.0.weight", ()), shapes.get("decoder.1.weight", ())
    halves = {name.partition(".")[0] for name in shapes}
    wanted = {
        half for half, shape in (("encoder", first), ("decoder", last)) if len(shape) == 4 and shape[2:] == (3, 3)
    }
    blocks = any(_BLOCK.fullmatch(name.split(".", 2)[2]) for name in shapes if name.count(".") > 2)
    return part if wanted and wanted == halves and blocks else None


@whole
def configured(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
    """The configuration from the shapes."""
    encoder, decoder = (_blocks(shapes, half) for half in HALVES)
    if "decoder.1.weight" in shapes:
        width, channels = shapes["decoder.1.weight"][:2]
    else:
        last = max(int(name.split(".")[1]) for name in shapes)
        width, channels = shapes["encoder.0.weight"][0], shapes[f"encoder.{last}.weight"][0]
    return {"channels": channels, "width": width, "encoder_blocks": encoder, "decoder_blocks": decoder}


def _blocks(shapes: Mapping[str, tuple[int, ...]], half: str) -> tuple[int, ...]:
    """How many blocks stand between the convolutions that change the size; those have no bias."""
    numbers = sorted({int(name.split(".")[1]) for name in shapes if name.startswith(f"{half}.")})
    if not numbers:
        return ()
    counts = [0]
    for number in numbers:
        if f"{half}.{number}.conv.0.weight" in shapes:
            counts[-1] += 1
        elif f"{half}.{number}.bias" not in shapes:
            counts.append(0)
    return tuple(counts)
