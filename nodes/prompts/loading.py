"""The text networks of a published checkpoint as encoders: read where and as its family reads them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import noisegraph as ng

from ..checkpoints.checkpoint import Checkpoint
from ..checkpoints.kinds import refusal
from ..checkpoints.locate import TextPart, text_parts
from ..checkpoints.part import Absent
from ..checkpoints.text_names import bert_config, clip_config, glide_config
from .encoder import Kind, TextEncoder, found_tokenizer, no_vocabulary

if TYPE_CHECKING:
    from torch.nn import Module

    from ..checkpoints.families import Family

_KINDS: dict[str, Kind] = {"bert": "bert", "diffusers-bert": "bert", "glide": "glide"}
_TABLES = ("text_model.embeddings.token_embedding.weight", "token_emb.weight", "token_embedding.weight")
"""What the table of tokens is called in each kind of text network."""
POOLED = 1280
"""Numbers of the vector that Stable Diffusion XL's larger text encoder says for a whole text."""
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
        raise refusal(checkpoint, "text encoder that noisegraph knows", _MISSING)
    first, *others = (_encoder(one, checkpoint, tokenizer) for one in found)
    return replace(first, beside=tuple(others))


def vocabulary_version(path: str) -> str:
    """What the key of a node that loads text encoders depends on beside its files: CLIP's vocabulary."""
    found = found_tokenizer("clip", None, Path(path).parent)
    return ng.digest(Path(found)) if found else ""


def absent(path: str) -> TextEncoder:
    """What stands for the text encoder of a checkpoint that has none, and says so when it is asked."""
    return TextEncoder(ng.Weights(path, "", build_clip, (), Absent("text encoder", _MISSING)), "", 77)


def expected(family: Family, context: int) -> ng.Facts:
    """What is known of the text encoders of a family whose file is not there yet; XL's say a vector as well."""
    return {"context": context, "vector": POOLED if family.space == "sdxl" else None}


def facts(checkpoint: Checkpoint, tokenizer: str = "") -> ng.Facts:
    """What is known of a checkpoint's text encoders from its list of tensors, and whether there is a vocabulary.

    `context` is how wide the states are that they say together, `vector` that for the whole text, if any.
    """
    found = text_parts(checkpoint)
    if not found:
        return {"absent": (f"'{checkpoint.path}' holds no text encoder", _MISSING)}
    size = sum(one.part.size(checkpoint) for one in found)
    told: dict[str, Any] = {"weights": size, "dtype": found[0].part.dtype(checkpoint), "encoders": len(found)}
    shapes = [one.part.shapes(checkpoint) for one in found]
    told["context"] = sum(
        width for one in shapes if (width := next((one[name][1] for name in _TABLES if name in one), 0))
    )
    if found[0].layout in ("clip", "open-clip"):
        large = [
            one.get("text_projection.weight")
            for part, one in zip(found, shapes, strict=True)
            if _large(part, checkpoint)
        ]
        told["vector"] = next((shape[0] for shape in large if shape), None)
    if not tokenizer and not all(_vocabulary(one, checkpoint) for one in found):
        told["absent"] = no_vocabulary(_KINDS.get(found[0].layout, "clip"), checkpoint.path)
    return {**told, "path": checkpoint.path}


def _encoder(found: TextPart, checkpoint: Checkpoint, tokenizer: str) -> TextEncoder:
    part, kind = found.part, _KINDS.get(found.layout, "clip")
    shapes, told = part.shapes(checkpoint), _told(part.prefix, checkpoint)
    size = part.size(checkpoint)
    config = {"clip": lambda: clip_config(shapes, told), "bert": lambda: bert_config(shapes)}.get(
        kind, lambda: glide_config(shapes)
    )()
    build = {"clip": build_clip, "bert": build_bert, "glide": build_glide}[kind]
    path = tokenizer or _vocabulary(found, checkpoint)
    digest = ng.digest(Path(checkpoint.path)) + (ng.digest(Path(path)) if path else "")
    weights = ng.Weights(checkpoint.path, digest, build, tuple(config.items()), part, size)
    encoder = TextEncoder(weights, path, config["length"], kind, vector=kind == "glide")
    return _read(encoder, found, checkpoint, config) if kind == "clip" else encoder


def _read(encoder: TextEncoder, found: TextPart, checkpoint: Checkpoint, config: dict[str, Any]) -> TextEncoder:
    """Where a CLIP is read: XL before the last layer, without norm; 2 before it too, with; 1 at the last."""
    prefix, large = found.part.prefix, _large(found, checkpoint)
    early = large or prefix.startswith("cond_stage_model.model.")
    pad = None if config["activation"] == "quick_gelu" else 0
    vector = large and config["projects"]
    return replace(encoder, pad=pad, skip=2 if early else 1, norm=not large, vector=vector)


def _large(found: TextPart, checkpoint: Checkpoint) -> bool:
    """Whether it is one of Stable Diffusion XL's."""
    beside = any(name.startswith("text_encoder_2/") for name in checkpoint.entries)
    return beside or found.part.prefix.startswith(("conditioner.", "text_encoder_2/"))


def _told(prefix: str, checkpoint: Checkpoint) -> dict[str, Any]:
    """The settings that lie beside the weights in a folder."""
    return dict(checkpoint.configs.get(f"{prefix}config.json", {})) if prefix.endswith("/") or not prefix else {}


def _vocabulary(found: TextPart, checkpoint: Checkpoint) -> str:
    """The path of an encoder's vocabulary, empty where there is none."""
    kind = _KINDS.get(found.layout, "clip")
    return found_tokenizer(kind, _tokenizer_folder(found.part.prefix, checkpoint), Path(checkpoint.path).parent)


def _tokenizer_folder(prefix: str, checkpoint: Checkpoint) -> Path | None:
    if not Path(checkpoint.path).is_dir():
        return None
    name = "tokenizer_2" if prefix == "text_encoder_2/" else "tokenizer"
    place = Path(checkpoint.path)
    return next((one for one in (place / name, place.parent / name) if one.is_dir()), place)
