"""Textual inversion: files of vectors that a word stands for, in the layouts of A1111 and of diffusers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import noisegraph as ng

from ..checkpoints.checkpoint import Checkpoint
from ..checkpoints.entry import Entry
from ..checkpoints.kinds import is_embedding, refusal
from ..checkpoints.lora import config_beneath
from .encoder import Embedding, TextEncoder

_LARGE = ("clip_l", "clip_g")
"""What files for Stable Diffusion XL call the vectors of its two encoders."""


def added(encoder: TextEncoder, file: Checkpoint, word: str) -> TextEncoder:
    """The encoder with a file's vectors under a word; raises NodeError for widths that fit none of its networks."""
    if not is_embedding(file):
        raise refusal(file, "embedding", "give a file of textual inversion: vectors for a word, and little else")
    found = {name: entry for name, entry in file.entries.items() if len(entry.shape) in (1, 2)}
    word = (word or _word(found) or Path(file.path).stem).strip()
    several = [_with(one, file, found, word) for one in (encoder, *encoder.beside)]
    if several == [encoder, *encoder.beside]:
        widths = ", ".join(str(entry.shape[-1]) for entry in found.values()) or "no vectors"
        wanted = ", ".join(str(_width(one)) for one in (encoder, *encoder.beside))
        told = f"'{file.path}' has vectors of {widths}, the text encoder has {wanted}"
        raise ng.NodeError(told, "give an embedding that was trained for this family of models")
    return replace(several[0], beside=tuple(several[1:]))


def _word(found: dict[str, Entry]) -> str:
    """What diffusers calls the vectors; A1111's names tell nothing."""
    names = [name for name in found if name not in (*_LARGE, "emb_params") and "." not in name]
    return names[0] if len(names) == 1 == len(found) else ""


def _with(encoder: TextEncoder, file: Checkpoint, found: dict[str, Entry], word: str) -> TextEncoder:
    fitting = {name: entry for name, entry in found.items() if entry.shape[-1] == _width(encoder)}
    if not fitting:
        return encoder
    name, entry = next(iter(fitting.items()))
    count = entry.shape[0] if len(entry.shape) == 2 else 1
    others = tuple(one for one in encoder.embeddings if one.name.lower() != word.lower())
    return replace(encoder, embeddings=(*others, Embedding(word, file.path, name, count)))


def _width(encoder: TextEncoder) -> int:
    return int(config_beneath(encoder.weights).get("text_width", 0))
