"""What kinds of things a file of weights holds, by the names of its tensors: to tell those who gave the wrong one."""

from __future__ import annotations

import re

import noisegraph as ng

from .checkpoint import Checkpoint
from .locate import autoencoder_part, text_parts, unet_part
from .tiny import tiny_part

_CONTROL = re.compile(r"(.*\.)?input_hint_block\.0\.weight|(.*/)?controlnet_cond_embedding\.conv_in\.weight")
_UPSCALER = re.compile(r"(params(_ema)?\.)?(conv_first\.weight|model\.0\.weight)")
_CLASSIFIER = re.compile(r"out\.2\.positional_embedding")
_CLASSES = re.compile(r"cond_stage_model\.embedding\.weight")
_LORA = re.compile(r".*([._]lora_(down|up|A|B)|\.lora_linear_layer|_lora)\b.*")
_EMBEDDING = re.compile(r"emb_params|string_to_param\..*|clip_[lg]")
_MOST_VECTORS = 2
"""Tensors in the file of an embedding that has no name by which one knows it."""


def kinds(checkpoint: Checkpoint) -> list[str]:
    """What there is, each with the node that loads it."""
    found = {
        "a U-Net: model.load or unet.load": is_unet(checkpoint),
        "a ControlNet: unet.control": _named(checkpoint, _CONTROL),
        "a noisy classifier: classifier.load": _named(checkpoint, _CLASSIFIER),
        "an autoencoder: vae.load": bool(autoencoder_part(checkpoint) or tiny_part(checkpoint)),
        "a text encoder: text.load": bool(text_parts(checkpoint)),
        "vectors of classes: label.embed": _named(checkpoint, _CLASSES),
        "a LoRA: unet.lora and text.lora": is_lora(checkpoint),
        "an embedding: text.embedding": is_embedding(checkpoint),
        "an ESRGAN upscaler: image.upscaler": _named(checkpoint, _UPSCALER),
    }
    return [kind for kind, there in found.items() if there]


def refusal(checkpoint: Checkpoint, wanted: str, hint: str) -> ng.NodeError:
    """The error for a file that has not what it is asked for: it says what it has, or how its tensors are called."""
    found = kinds(checkpoint)
    names = ", ".join(sorted(checkpoint.entries)[:3])[:300]
    what = f"it holds {'; '.join(found)}" if found else f"its first tensors are {names}"
    return ng.NodeError(f"'{checkpoint.path}' holds no {wanted}; {what}", hint)


def is_lora(checkpoint: Checkpoint) -> bool:
    """Whether there are low-rank branches."""
    return _named(checkpoint, _LORA)


def is_embedding(checkpoint: Checkpoint) -> bool:
    """Whether it holds vectors for a word, and little else."""
    vectors = [entry for entry in checkpoint.entries.values() if len(entry.shape) in (1, 2) and entry.numel]
    few = len(checkpoint.entries) <= _MOST_VECTORS and not _named(checkpoint, _CLASSES)
    return bool(vectors) and not is_lora(checkpoint) and (few or _named(checkpoint, _EMBEDDING))


def is_unet(checkpoint: Checkpoint) -> bool:
    """Whether there is a way up: a ControlNet and a classifier begin as a U-Net does."""
    part = unet_part(checkpoint)
    starts = () if part is None else (f"{part.prefix}output_blocks.", f"{part.prefix}up_blocks.")
    return any(name.startswith(starts) for name in checkpoint.entries)


def _named(checkpoint: Checkpoint, pattern: re.Pattern[str]) -> bool:
    return any(pattern.fullmatch(name) for name in checkpoint.entries)
