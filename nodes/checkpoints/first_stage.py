"""Autoencoders of checkpoints as values: whose latents they make, and what is known of them before they run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import noisegraph as ng

from ..networks.autoencoder_config import AutoencoderConfig
from ..networks.tiny_config import TinyConfig
from . import tiny
from .checkpoint import Checkpoint
from .entry import SCALE
from .families import NAMED, Family
from .kinds import refusal
from .origin import Origin, origin
from .part import Absent
from .recognise import FoundAutoencoder, found_autoencoder

if TYPE_CHECKING:
    from torch.nn import Module


@dataclass(frozen=True)
class Autoencoder:
    """A trained autoencoder: latents are `factor` times smaller than pictures and have about unit variance."""

    weights: ng.Weights
    scale: float
    """What the network's latents are multiplied by, one over their standard deviation (Rombach et al. 2022, G)."""
    factor: int
    channels: int
    family: str = ""
    """Whose latents they are, of a published one where that is known."""

    @property
    def origin(self) -> Origin | str:
        """What its latents are known by: the family of a published one, or its own weights."""
        return self.family or origin(Path(self.weights.path))


def build(**config: Any) -> Module:
    """The autoencoder of a configuration; torch is imported only now."""
    from ..networks.autoencoder import autoencoder

    return autoencoder(**config)


def build_tiny(**config: Any) -> Module:
    """The tiny autoencoder of a configuration; torch is imported only now."""
    from ..networks.tiny import tiny

    return tiny(**config)


def loaded(checkpoint: Checkpoint, family: str, scale: float | None) -> Autoencoder:
    """The autoencoder of a checkpoint, large or tiny; raises NodeError where there is none."""
    small = tiny.tiny_part(checkpoint)
    if small is not None:
        told = tiny.configured(small.shapes(checkpoint))
        digest, size = ng.digest(Path(checkpoint.path)), small.size(checkpoint)
        weights = ng.Weights(checkpoint.path, digest, build_tiny, tuple(told.items()), small, size)
        whose = NAMED[family].space if family != "auto" else ""
        return Autoencoder(weights, scale or 1.0, TinyConfig(**told).factor, told["channels"], whose)
    found = _found(checkpoint)
    return autoencoder(found, _family(found, checkpoint, family), checkpoint, scale)


def facts(checkpoint: Checkpoint, family: str) -> ng.Facts:
    """What is known of that from its list of tensors; raises NodeError as well."""
    small = tiny.tiny_part(checkpoint)
    if small is not None:
        told = tiny.configured(small.shapes(checkpoint))
        whose = {"family": NAMED[family].space} if family != "auto" else {}  # TAESD's for 1 and XL have the same shapes
        size = {"weights": small.size(checkpoint), "dtype": small.dtype(checkpoint), "path": checkpoint.path}
        size["lacks"] = tuple(half for half in tiny.HALVES if not told[f"{half}_blocks"])
        return {**whose, "factor": TinyConfig(**told).factor, "channels": told["channels"], **size}
    found = _found(checkpoint)
    return known(found, _family(found, checkpoint, family), checkpoint)


def check_half(vae: Autoencoder, half: str) -> None:
    """Raise NodeError where an autoencoder is a tiny one that has not that half."""
    if dict(vae.weights.config).get(f"{half}_blocks") == ():
        raise lacking(vae.weights.path, half)


def lacking(path: str, half: str) -> ng.NodeError:
    """The error for a tiny autoencoder that has not that half."""
    other = next(one for one in tiny.HALVES if one != half)
    told = f"'{path}' holds the {other} of a tiny autoencoder, not its {half}"
    return ng.NodeError(told, f"load the file of its {half} with another vae.load")


def known(found: FoundAutoencoder, family: Family, checkpoint: Checkpoint) -> ng.Facts:
    """The facts of a checkpoint's autoencoder, which is of a family."""
    config, part = AutoencoderConfig(**found.config), found.part
    size = {"weights": part.size(checkpoint), "dtype": part.dtype(checkpoint)}
    return {"family": family.space, "factor": config.factor, "channels": config.embed_dim, **size}


def expected(family: Family) -> ng.Facts:
    """The facts of a family's autoencoder before there is a file of it."""
    return {"family": family.space, "factor": family.factor, "channels": family.channels}


def autoencoder(found: FoundAutoencoder, family: Family, checkpoint: Checkpoint, scale: float | None) -> Autoencoder:
    """A checkpoint's autoencoder as a value; its weights are read when it is first asked."""
    config, part = AutoencoderConfig(**found.config), found.part
    size, place = part.size(checkpoint), Path(checkpoint.path)
    weights = ng.Weights(checkpoint.path, ng.digest(place), build, tuple(found.config.items()), part, size)
    times = scale or _told_scale(found, checkpoint) or family.scale
    return Autoencoder(weights, times, config.factor, config.embed_dim, family.space)


def absent(family: Family, path: str) -> Autoencoder:
    """What stands for the autoencoder of a checkpoint that has none, and says so when it is asked."""
    return Autoencoder(ng.Weights(path, "", build, (), _absent(family)), family.scale, family.factor, family.channels)


def absent_facts(family: Family, path: str) -> ng.Facts:
    """The facts of what stands for an autoencoder that is not there."""
    told = _absent(family)
    return {"family": family.space, "absent": (f"'{path}' holds no {told.what}", told.hint)}


def _absent(family: Family) -> Absent:
    return Absent("autoencoder", "load one with vae.load" if family.space else "it draws pixels: use image.decode")


def _found(checkpoint: Checkpoint) -> FoundAutoencoder:
    found = found_autoencoder(checkpoint)
    if found is None:
        told = "its first layer would be 'encoder.conv_in', perhaps after 'first_stage_model.'"
        raise refusal(checkpoint, "autoencoder that noisegraph knows", told)
    return found


def _family(found: FoundAutoencoder, checkpoint: Checkpoint, given: str) -> Family:
    """Whose autoencoder it is: as given, by the scale that its settings tell, else by its own shape."""
    if given != "auto":
        return NAMED[given]
    told, config = _told_scale(found, checkpoint), AutoencoderConfig(**found.config)
    shaped = [one for one in NAMED.values() if (one.factor, one.channels) == (config.factor, config.embed_dim)]
    fitting = [one for one in shaped if one.space and one.scale == told] or [
        one for one in shaped if (one.scale == 1) == (found.kind == "vq")
    ]
    if not fitting:
        told_shape = f"{config.embed_dim} channels, {config.factor} times smaller than the picture"
        raise ng.NodeError(f"latents of {told_shape}: of no family that noisegraph knows", "name one: family")
    return fitting[0]


def _told_scale(found: FoundAutoencoder, checkpoint: Checkpoint) -> float | None:
    """As diffusers' settings tell it, or as latent diffusion measured it and kept it among the tensors."""
    told = checkpoint.configs.get(f"{found.part.prefix}config.json", {}).get("scaling_factor")
    if isinstance(told, (int, float)):
        return float(told)
    try:
        measured = float(checkpoint.notes.get(SCALE, 0))
    except ValueError:  # a note that a file has by chance under this name
        return None
    return measured if 0 < measured < 1e4 else None
