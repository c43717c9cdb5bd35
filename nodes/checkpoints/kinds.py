"""What kinds of things a file of weights holds, by the names of its tensors: to tell those who gave the wrong one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

import noisegraph as ng

from .checkpoint import Checkpoint
from .locate import autoencoder_part, text_parts, unet_part
from .tiny import tiny_part

_CONTROL = re.compile(r"(.*\.)?input_hint_block\.0\.weight|(.*/)?controlnet_cond_embedding\.conv_in\.weight")
_UPSCALER = re.compile(r"(params(_ema)?\.)?(conv_first\.weight|model\.0\.weight)")
_CLASSIFIER = re.compile(r"out\.2\.positional_embedding")
_CLASSES = re.compile(r"cond_stage_model\.embedding\.weight")
_LORA = re.compile(r".*([._]lora_(down|up|A|B)|\.lora_linear_layer|_lora)\b.*")
_DOWN = re.compile(r"[._](lora_down|lora_A|down)(\.default(_\d+)?)?\.weight$")
"""The end of the first matrix of a branch."""
_WORDS = re.compile(r"attn2[._](processor\.)?to_[kv]")
_READS = {768: "Stable Diffusion 1", 1024: "Stable Diffusion 2", 2048: "Stable Diffusion XL"}
"""How many numbers a word has -> for whose U-Net."""
_STAGE = re.compile(r".*encoder\.(mid\.block_1|mid_block\.resnets\.0)\.conv1\.weight")
_EMBEDDING = re.compile(r"emb_params|string_to_param\..*|clip_[lg]")
_MOST_VECTORS = 2
"""Tensors in the file of an embedding that has no name by which one knows it."""


class Kind(NamedTuple):
    """A kind of thing that a file holds, the nodes that load it, and by what it is known."""

    what: str
    nodes: str
    because: str


def kinds(checkpoint: Checkpoint) -> list[Kind]:
    """What there is."""
    stage = _named(checkpoint, _STAGE) if autoencoder_part(checkpoint) else ""
    small = "few convolutions in a row, without normalization" if tiny_part(checkpoint) else ""
    words = "; ".join(f"the names of {one.layout}" for one in text_parts(checkpoint))
    found = (
        Kind("a U-Net", "model.load or unet.load", _ways_up(checkpoint)),
        Kind("a ControlNet", "unet.control", _named(checkpoint, _CONTROL)),
        Kind("a noisy classifier", "classifier.load", _named(checkpoint, _CLASSIFIER)),
        Kind("an autoencoder", "vae.load", stage or small),
        Kind("a text encoder", "text.load", words),
        Kind("vectors of classes", "label.embed", _named(checkpoint, _CLASSES)),
        Kind("a LoRA", "unet.lora and text.lora", _branches(checkpoint)),
        Kind("an embedding", "text.embedding", _vectors(checkpoint)),
        Kind("an ESRGAN upscaler", "image.upscaler", _named(checkpoint, _UPSCALER)),
    )
    return [kind for kind in found if kind.because]


def refusal(checkpoint: Checkpoint, wanted: str, hint: str) -> ng.NodeError:
    """The error for a file that has not what it is asked for: it says what it has, or how its tensors are called."""
    found = "; ".join(f"{kind.what}: {kind.nodes}" for kind in kinds(checkpoint))
    names = ", ".join(sorted(checkpoint.entries)[:3])[:300]
    what = f"it holds {found}" if found else f"its first tensors are {names}"
    return ng.NodeError(f"'{checkpoint.path}' holds no {wanted}; {what}", hint)


def is_lora(checkpoint: Checkpoint) -> bool:
    """Whether there are low-rank branches."""
    return any(map(_LORA.fullmatch, checkpoint.entries))


def is_embedding(checkpoint: Checkpoint) -> bool:
    """Whether it holds vectors for a word, and little else."""
    return bool(_vectors(checkpoint))


def is_unet(checkpoint: Checkpoint) -> bool:
    """Whether there is a way up: a ControlNet and a classifier begin as a U-Net does."""
    return bool(_ways_up(checkpoint))


def _ways_up(checkpoint: Checkpoint) -> str:
    part = unet_part(checkpoint)
    starts = () if part is None else (f"{part.prefix}output_blocks.", f"{part.prefix}up_blocks.")
    return _said(name for name in checkpoint.entries if name.startswith(starts))


def _vectors(checkpoint: Checkpoint) -> str:
    vectors = [entry.shape for entry in checkpoint.entries.values() if len(entry.shape) in (1, 2) and entry.numel]
    few = len(checkpoint.entries) <= _MOST_VECTORS and not _named(checkpoint, _CLASSES)
    if not vectors or is_lora(checkpoint) or not (few or _named(checkpoint, _EMBEDDING)):
        return ""
    rows = sum(shape[0] if len(shape) == 2 else 1 for shape in vectors)
    return f"vectors of {' and '.join(str(shape[-1]) for shape in vectors)} numbers, {rows} in all, and little else"


def _branches(checkpoint: Checkpoint) -> str:
    """Beside how many layers there are low-rank branches, of which rank, and which model they are for."""
    if not is_lora(checkpoint):
        return ""
    down = {name: entry for name, entry in checkpoint.entries.items() if _DOWN.search(name) and len(entry.shape) > 1}
    if not down:
        return _named(checkpoint, _LORA)
    ranks = sorted({entry.shape[0] for entry in down.values()})
    reads = {entry.shape[1] for name, entry in down.items() if _WORDS.search(name)}
    whose = [f"; it reads words as {_READS[width]} does" for width in sorted(reads & _READS.keys())]
    shown = str(ranks[0]) if len(ranks) == 1 else f"{ranks[0]} to {ranks[-1]}"
    several = "" if len(down) == 1 else "s"
    return f"low-rank branches beside {len(down)} layer{several}, of rank {shown}{''.join(whose)}"


def _named(checkpoint: Checkpoint, pattern: re.Pattern[str]) -> str:
    return _said(filter(pattern.fullmatch, checkpoint.entries))


def _said(names: Iterable[str]) -> str:
    """That there is the first of the names, or nothing where there is none."""
    return next((f"it has '{name}'" for name in names), "")
