"""The text networks of a published checkpoint as encoders: read where and as its family reads them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import noisegraph as ng

from ..checkpoints.checkpoint import Checkpoint
from ..checkpoints.locate import TextPart, text_parts
from ..checkpoints.part import Absent
from ..checkpoints.text_names import bert_config, clip_config, glide_config
from .encoder import Kind, TextEncoder, found_tokenizer

if TYPE_CHECKING:
    from torch.nn import Module

_KINDS: dict[str, Kind] = {"bert": "bert", "diffusers-bert": "bert", "glide": "glide"}
_MISSING = "load one with text.load, from a file that has one"


def build_clip(**config: Any) -> Module:
    """The text tower of a CLIP; torch is imported only now."""
    from ..networks.clip import text_transformer

    return text_transformer(**config)


def build_bert(**config: Any) -> Module:
    """Latent diffusion's encoder; torch is imported only now."""
    from ..networks.bert import bert

    return bert(**config)


def build_glide(**config: Any) -> Module:
    """GLIDE's text transformer; torch is imported only now."""
    from ..networks.glide_text import glide_text

    return glide_text(**config)


def loaded(checkpoint: Checkpoint, tokenizer: str = "") -> TextEncoder:
    """All text encoders of a checkpoint as one; raises NodeError where there is none.

    `tokenizer`: the path of its vocabulary; empty: found beside it, or where vocabularies are.
    """
    found = text_parts(checkpoint)
    if not found:
        raise ng.NodeError(f"'{checkpoint.path}' holds no text encoder that noisegraph knows", _MISSING)
    first, *others = (_encoder(one, checkpoint, tokenizer) for one in found)
    return replace(first, beside=tuple(others))


def vocabulary_version() -> str:
    """What the key of a node that loads text encoders depends on beside its files: CLIP's vocabulary."""
    path = found_tokenizer("clip", None)
    return ng.digest(Path(path)) if path else ""


def absent(path: str) -> TextEncoder:
    """What stands for the text encoder of a checkpoint that has none, and says so when it is asked."""
    return TextEncoder(ng.Weights(path, "", build_clip, (), Absent("text encoder", _MISSING)), "", 77)


def facts(checkpoint: Checkpoint) -> ng.Facts:
    """What is known of a checkpoint's text encoders from its list of tensors."""
    found = text_parts(checkpoint)
    if not found:
        return {"absent": (f"'{checkpoint.path}' holds no text encoder", _MISSING)}
    size = sum(one.part.size(checkpoint) for one in found)
    kind = {"weights": size, "dtype": found[0].part.dtype(checkpoint), "encoders": len(found)}
    return {**kind, "path": checkpoint.path}


def _encoder(found: TextPart, checkpoint: Checkpoint, tokenizer: str) -> TextEncoder:
    part, kind = found.part, _KINDS.get(found.layout, "clip")
    shapes, told = part.shapes(checkpoint), _told(part.prefix, checkpoint)
    size = part.size(checkpoint)
    config = {"clip": lambda: clip_config(shapes, told), "bert": lambda: bert_config(shapes)}.get(
        kind, lambda: glide_config(shapes)
    )()
    build = {"clip": build_clip, "bert": build_bert, "glide": build_glide}[kind]
    path = tokenizer or found_tokenizer(kind, _tokenizer_folder(part.prefix, checkpoint))
    digest = ng.digest(Path(checkpoint.path)) + (ng.digest(Path(path)) if path else "")
    weights = ng.Weights(checkpoint.path, digest, build, tuple(config.items()), part, size)
    encoder = TextEncoder(weights, path, config["length"], kind, vector=kind == "glide")
    return _read(encoder, found, checkpoint, config) if kind == "clip" else encoder


def _read(encoder: TextEncoder, found: TextPart, checkpoint: Checkpoint, config: dict[str, Any]) -> TextEncoder:
    """Where a CLIP is read: XL before the last layer, without norm; 2 before it too, with; 1 at the last."""
    prefix, names = found.part.prefix, checkpoint.entries
    large = prefix.startswith(("conditioner.", "text_encoder_2/"))
    large = large or any(name.startswith("text_encoder_2/") for name in names)
    early = large or prefix.startswith("cond_stage_model.model.")
    pad = None if config["activation"] == "quick_gelu" else 0
    vector = large and config["projects"]
    return replace(encoder, pad=pad, skip=2 if early else 1, norm=not large, vector=vector)


def _told(prefix: str, checkpoint: Checkpoint) -> dict[str, Any]:
    """The settings that lie beside the weights in a folder."""
    return dict(checkpoint.configs.get(f"{prefix}config.json", {})) if prefix.endswith("/") or not prefix else {}


def _tokenizer_folder(prefix: str, checkpoint: Checkpoint) -> Path | None:
    if not Path(checkpoint.path).is_dir():
        return None
    name = "tokenizer_2" if prefix == "text_encoder_2/" else "tokenizer"
    place = Path(checkpoint.path)
    return next((one for one in (place / name, place.parent / name) if one.is_dir()), place)
