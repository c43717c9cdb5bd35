"""Which family a checkpoint is of: told by the shapes of its tensors, with the reason."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import noisegraph as ng

from . import diffusers_unet, unet_structure, vae_structure
from .checkpoint import Checkpoint
from .families import COSINE, FAMILIES, LINEAR, NAMED, Family
from .kinds import is_unet, refusal
from .locate import autoencoder_part, unet_part
from .part import Part

PREDICTIONS: Mapping[str, ng.Prediction] = {
    "epsilon": "eps",
    "eps": "eps",
    "v": "v",
    "v_prediction": "v",
    "v-prediction": "v",
    "sample": "x0",
}
"""What checkpoints say of themselves -> our words."""
_BASE_STEP = 875_000
"""How long Stable Diffusion 2's 512 base was trained, which predicts the noise."""


@dataclass(frozen=True)
class FoundUNet:
    """A checkpoint's U-Net: its tensors, its whole configuration, its family, and why it is that."""

    part: Part
    config: Mapping[str, Any]
    family: Family
    prediction: ng.Prediction
    process: ng.DiscreteVP
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class FoundAutoencoder:
    """A checkpoint's autoencoder."""

    part: Part
    config: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """How its latents are kept in order: `kl`, or `vq` by a codebook."""
        return "kl" if self.config["n_embed"] is None else "vq"


def found_unet(checkpoint: Checkpoint, family: str = "auto", prediction: str = "auto") -> FoundUNet:
    """The U-Net of a checkpoint, of a `family` and with a `prediction` unless they are auto; raises NodeError."""
    part = unet_part(checkpoint)
    if part is None:
        told = "its first layer would be 'input_blocks.0.0' or 'conv_in', perhaps after 'model.diffusion_model.'"
        raise refusal(checkpoint, "U-Net that noisegraph knows", told)
    config = unet_structure.configured(part.shapes(checkpoint))
    if not is_unet(checkpoint):
        raise refusal(checkpoint, "whole U-Net", "it has the way down of one alone")
    first = found_autoencoder(checkpoint)
    found = NAMED[family] if family != "auto" else _family({**config, "first_stage": first and first.kind}, checkpoint)
    reasons = [f"{name} {_shown(config.get(name, first and first.kind))}" for name in found.marks]
    predicts, process, why = _said(checkpoint, found, prediction)
    more: dict[str, Any] = {**found.heads, **found.more}
    if config["attention"] == "block" and part.naming is diffusers_unet.ours:
        more["use_new_attention_order"] = True  # diffusers keeps queries, keys and values apart
    if found.name.startswith("glide"):
        more |= {"vector_channels": 4 * config["model_channels"], "vector_layers": False}
    return FoundUNet(part, {**config, **more}, found, predicts, process, (*reasons, *why))


def found_autoencoder(checkpoint: Checkpoint) -> FoundAutoencoder | None:
    """The autoencoder of a checkpoint, if it has one."""
    part = autoencoder_part(checkpoint)
    return None if part is None else FoundAutoencoder(part, vae_structure.configured(part.shapes(checkpoint)))


@dataclass(frozen=True)
class FoundClassifier:
    """A checkpoint's classifier of noisy pictures: half of an ADM U-Net."""

    part: Part
    config: Mapping[str, Any]
    process: ng.DiscreteVP
    sizes: tuple[int, int, int]
    """Of the pictures that it judges."""


def found_classifier(checkpoint: Checkpoint) -> FoundClassifier:
    """The noisy classifier of a checkpoint, as ADM is guided by; raises NodeError for what is none."""
    part = unet_part(checkpoint)
    shapes = {} if part is None else part.shapes(checkpoint)
    places = shapes.get("out.2.positional_embedding", ())
    if part is None or len(places) != 2 or "output_blocks.0.0.in_layers.0.weight" in shapes:
        raise refusal(
            checkpoint, "noisy classifier", "it would end in 'out.2.positional_embedding' and have no 'output_blocks'"
        )
    config = unet_structure.configured(shapes)
    size = math.isqrt(places[1] - 1) * 2 ** (len(config["channel_mult"]) - 1)
    heads = {"num_head_channels": 64, "size": size, "pool": "attention"}
    # trained on its denoiser's times: ADM's for 64 x 64 has the cosine schedule, the larger have the linear one
    return FoundClassifier(part, config | heads, COSINE if size == 64 else LINEAR, (config["in_channels"], size, size))


def _family(config: Mapping[str, Any], checkpoint: Checkpoint) -> Family:
    """The first family whose marks the configuration has; raises NodeError that tells how the nearest differ."""
    differences = {family.name: _differences(family, config) for family in FAMILIES}
    fitting = [family for family in FAMILIES if not differences[family.name]]
    if fitting:
        return fitting[0]
    nearest = sorted(FAMILIES, key=lambda family: len(differences[family.name]))[:2]
    told = "; ".join(f"{family.title} has {', '.join(differences[family.name])}" for family in nearest)
    hint = "if it is one of these all the same, name it: family"
    raise ng.NodeError(f"the U-Net of '{checkpoint.path}' is of no family that noisegraph knows: {told}", hint)


def _differences(family: Family, config: Mapping[str, Any]) -> list[str]:
    return [
        f"{name} {_shown(wanted)}, not {_shown(config.get(name))}"
        for name, wanted in family.marks.items()
        if wanted is not ... and config.get(name) != wanted
    ]


def _said(checkpoint: Checkpoint, family: Family, given: str) -> tuple[ng.Prediction, ng.DiscreteVP, list[str]]:
    """What the network predicts and its process, with the reason: as given, as the file says, else as published."""
    process = family.process
    scheduler = checkpoint.configs.get("scheduler/scheduler_config.json", {})
    if "ztsnr" in checkpoint.entries or scheduler.get("rescale_betas_zero_snr"):
        process = replace(process, zero_snr=True)
    if given != "auto":
        return PREDICTIONS.get(given, family.prediction), process, [f"predicts {given}: given"]
    for said, why in (
        (scheduler.get("prediction_type"), "its scheduler says so"),
        (checkpoint.notes.get("modelspec.prediction_type"), "the file says so"),
        ("v" if "v_pred" in checkpoint.entries else None, "it has the mark 'v_pred'"),
        ("eps" if _is_base(checkpoint, family) else None, f"it was trained for {_BASE_STEP} steps, as 2-base was"),
    ):
        predicts = PREDICTIONS.get(str(said))
        if predicts is not None:
            return predicts, process, [f"predicts {predicts}: {why}"]
    return family.prediction, process, [family.doubtful or f"predicts {family.prediction}: all of this family do"]


def _is_base(checkpoint: Checkpoint, family: Family) -> bool:
    return family.name == "sd2" and checkpoint.notes.get("global_step") == str(_BASE_STEP)


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return "none" if value is None else "any" if value is ... else str(value)
