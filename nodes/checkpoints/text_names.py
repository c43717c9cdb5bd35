"""The names of text networks in each layout, as ours; their configurations from the shapes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .entry import Entries, Entry
from .part import Made, Naming, own, whole

Shapes = Mapping[str, tuple[int, ...]]
_OPEN_CLIP = {
    "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
    "positional_embedding": "text_model.embeddings.position_embedding.weight",
    "ln_final.weight": "text_model.final_layer_norm.weight",
    "ln_final.bias": "text_model.final_layer_norm.bias",
}
_INNER = {
    "ln_1": "layer_norm1",
    "ln_2": "layer_norm2",
    "mlp.c_fc": "mlp.fc1",
    "mlp.c_proj": "mlp.fc2",
    "attn.out_proj": "self_attn.out_proj",
}
_BLOCK = re.compile(r"transformer\.resblocks\.(\d+)\.(.+?)[._](weight|bias)")
_TOWER = ("embeddings.token_embedding.", "embeddings.position_embedding.", "encoder.", "final_layer_norm.")
_GLIDE = (
    "transformer.",
    "final_ln.",
    "token_embedding.",
    "positional_embedding",
    "padding_embedding",
    "transformer_proj.",
)
_BERT = {
    "embed_tokens": "token_emb",
    "embed_positions": "pos_emb.emb",
    "layer_norm": "norm",
}
_BERT_LAYER = {
    "self_attn_layer_norm": (0, "0"),
    "self_attn.q_proj": (0, "1.to_q"),
    "self_attn.k_proj": (0, "1.to_k"),
    "self_attn.v_proj": (0, "1.to_v"),
    "self_attn.out_proj": (0, "1.to_out"),
    "final_layer_norm": (1, "0"),
    "fc1": (1, "1.net.0.0"),
    "fc2": (1, "1.net.2"),
}


def clip(entries: Entries) -> dict[str, Made]:
    """The names of transformers, with `text_model.` before them or, as it is later, without."""
    made = {}
    for name, entry in entries.items():
        bare = name.removeprefix("text_model.")
        if bare.startswith(_TOWER):
            made[f"text_model.{bare}"] = Made((entry,), entry.shape)
    return made | own({name: entry for name, entry in entries.items() if name == "text_projection.weight"})


def open_clip(entries: Entries) -> dict[str, Made]:
    """The names of open_clip: queries, keys and values in one, the projection transposed."""
    made: dict[str, Made] = {}
    for name, entry in entries.items():
        block = _BLOCK.fullmatch(name)
        if name in _OPEN_CLIP:
            made[_OPEN_CLIP[name]] = Made((entry,), entry.shape)
        elif name == "text_projection":
            made["text_projection.weight"] = Made((entry,), entry.shape[::-1], turned=True)
        elif block is not None:
            made |= _block(block, entry)
    return made


def _block(found: re.Match[str], entry: Entry) -> dict[str, Made]:
    layer = f"text_model.encoder.layers.{found[1]}"
    if found[2] != "attn.in_proj":
        return {f"{layer}.{_INNER[found[2]]}.{found[3]}": Made((entry,), entry.shape)} if found[2] in _INNER else {}
    rows = entry.shape[0] // 3
    return {
        f"{layer}.self_attn.{part}_proj.{found[3]}": Made(
            (entry,), (rows, *entry.shape[1:]), (number * rows, (number + 1) * rows)
        )
        for number, part in enumerate("qkv")
    }


def bert(entries: Entries) -> dict[str, Made]:
    """Its authors' names, without the layer that it was trained with."""
    return own({name: entry for name, entry in entries.items() if not name.startswith("to_logits.")})


def diffusers_bert(entries: Entries) -> dict[str, Made]:
    """The names that diffusers has for it."""
    made: dict[str, Made] = {}
    for name, entry in entries.items():
        found = re.fullmatch(r"model\.(?:layers\.(\d+)\.)?(.+)\.(weight|bias)", name)
        if found is None:
            continue
        if found[1] is None:
            made[f"{_BERT[found[2]]}.{found[3]}"] = Made((entry,), entry.shape)
            continue
        half, inner = _BERT_LAYER[found[2]]
        made[f"attn_layers.layers.{2 * int(found[1]) + half}.{inner}.{found[3]}"] = Made((entry,), entry.shape)
    return made


def glide(entries: Entries) -> dict[str, Made]:
    """GLIDE's text transformer among the tensors of its U-Net."""
    return own({name: entry for name, entry in entries.items() if name.startswith(_GLIDE)})


NAMINGS: Mapping[str, Naming] = {
    "clip": clip,
    "open-clip": open_clip,
    "bert": bert,
    "diffusers-bert": diffusers_bert,
    "glide": glide,
}
"""By layout."""


@whole
def clip_config(shapes: Shapes, told: Mapping[str, Any]) -> dict[str, Any]:
    """A CLIP text tower's configuration; what shapes do not tell comes from a folder's settings, or as published."""
    rows, width = shapes["text_model.embeddings.token_embedding.weight"]
    projection = shapes.get("text_projection.weight")
    return {
        "vocab_size": rows,
        "end_token": rows - 1,
        "length": shapes["text_model.embeddings.position_embedding.weight"][0],
        "text_width": width,
        "text_layers": _count(shapes, r"text_model\.encoder\.layers\.(\d+)\."),
        "text_heads": told.get("num_attention_heads") or max(1, width // 64),
        "activation": "quick_gelu" if _activation(told, width) == "quick_gelu" else "gelu",
        "projects": projection is not None,
        **({} if projection is None else {"projection_dim": projection[0]}),
    }


def _activation(told: Mapping[str, Any], width: int) -> str:
    """ViT-L, of width 768, has its authors' approximation; open_clip's have the exact one."""
    return str(told.get("hidden_act") or ("quick_gelu" if width == 768 else "gelu"))


@whole
def bert_config(shapes: Shapes) -> dict[str, Any]:
    """The configuration of latent diffusion's encoder, whose layers are listed in halves."""
    told = _sizes(shapes, "token_emb.weight", "pos_emb.emb.weight", r"attn_layers\.layers\.(\d+)\.")
    heads = shapes["attn_layers.layers.0.1.to_q.weight"][0] // 64
    return {**told, "layers": told["layers"] // 2, "heads": heads}


@whole
def glide_config(shapes: Shapes) -> dict[str, Any]:
    """The configuration of GLIDE's transformer; it has 8 heads, as published."""
    told = _sizes(shapes, "token_embedding.weight", "positional_embedding", r"transformer\.resblocks\.(\d+)\.")
    return {**told, "vector": shapes["transformer_proj.weight"][0]}


def _sizes(shapes: Shapes, tokens: str, places: str, layers: str) -> dict[str, int]:
    """What the tables of tokens and of places and the numbers of the layers tell of a transformer of texts."""
    rows, width = shapes[tokens]
    return {"vocab_size": rows, "length": shapes[places][0], "width": width, "layers": _count(shapes, layers)}


def _count(shapes: Shapes, pattern: str) -> int:
    return 1 + max(int(found[1]) for name in shapes if (found := re.match(pattern, name)))
