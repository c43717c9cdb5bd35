"""Where the networks lie in a checkpoint, and in which layout: told by the names of their first layers."""

from __future__ import annotations

from typing import Literal, NamedTuple

from . import diffusers_unet, diffusers_vae
from .checkpoint import Checkpoint
from .entry import Entries
from .part import Made, Naming, Part, own
from .text_names import NAMINGS

_UNETS = ("model.diffusion_model.", "diffusion_model.", "unet/", "")
_AUTOENCODERS = ("first_stage_model.", "vae/", "vqvae/", "movq/", "")
_KEPT = ("encoder.", "decoder.", "quant_conv.", "post_quant_conv.", "quantize.embedding.")
_OTHERS = ("transformer.", "final_ln.", "token_embedding.", "positional_embedding", "padding_embedding")
_PROJECTION = "transformer_proj."

_TEXTS: tuple[tuple[str, str, str], ...] = (
    ("clip", "cond_stage_model.transformer.", "text_model.embeddings.token_embedding.weight"),
    ("open-clip", "cond_stage_model.model.", "token_embedding.weight"),
    ("bert", "cond_stage_model.transformer.", "token_emb.weight"),
    ("clip", "conditioner.embedders.0.transformer.", "text_model.embeddings.token_embedding.weight"),
    ("open-clip", "conditioner.embedders.0.model.", "token_embedding.weight"),
    ("open-clip", "conditioner.embedders.1.model.", "token_embedding.weight"),
    ("clip", "text_encoder/", "text_model.embeddings.token_embedding.weight"),
    ("clip", "text_encoder/", "embeddings.token_embedding.weight"),
    ("clip", "text_encoder_2/", "text_model.embeddings.token_embedding.weight"),
    ("clip", "text_encoder_2/", "embeddings.token_embedding.weight"),
    ("diffusers-bert", "bert/", "model.embed_tokens.weight"),
    ("clip", "", "text_model.embeddings.token_embedding.weight"),
    ("clip", "", "embeddings.token_embedding.weight"),
    ("open-clip", "", "transformer.resblocks.0.attn.in_proj_weight"),
    ("bert", "", "token_emb.weight"),
    ("diffusers-bert", "", "model.embed_tokens.weight"),
    ("glide", "", "transformer_proj.weight"),
)
"""Layout of a text network, its prefix, and a name by which it is known."""


class TextPart(NamedTuple):
    """A text network in a checkpoint: its layout, and its tensors under our names."""

    layout: Literal["clip", "open-clip", "bert", "diffusers-bert", "glide"]
    part: Part


def text_parts(checkpoint: Checkpoint) -> tuple[TextPart, ...]:
    """The text networks, in the order in which Stable Diffusion XL joins what they say."""
    found = [(layout, prefix) for layout, prefix, name in _TEXTS if f"{prefix}{name}" in checkpoint.entries]
    return tuple(TextPart(layout, Part(prefix, NAMINGS[layout])) for layout, prefix in found)  # type: ignore[arg-type]


def unet_part(checkpoint: Checkpoint) -> Part | None:
    """The U-Net, or a classifier that is half of one."""
    names = checkpoint.entries
    for prefix in _UNETS:
        if f"{prefix}input_blocks.0.0.weight" in names:
            return Part(prefix, _glide if f"{prefix}{_PROJECTION}weight" in names else own)
        if f"{prefix}down_blocks.0.resnets.0.conv1.weight" in names and f"{prefix}conv_in.weight" in names:
            return Part(prefix, diffusers_unet.ours)
    return None


def autoencoder_part(checkpoint: Checkpoint) -> Part | None:
    """The autoencoder."""
    for prefix in _AUTOENCODERS:
        layouts: tuple[tuple[str, Naming], ...] = (("mid.block_1", _kept), ("mid_block.resnets.0", diffusers_vae.ours))
        for first, naming in layouts:
            if f"{prefix}encoder.{first}.conv1.weight" in checkpoint.entries:
                return Part(prefix, naming)
    return None


def _glide(entries: Entries) -> dict[str, Made]:
    """GLIDE's U-Net without the text transformer that lies among its tensors."""
    return own({name: entry for name, entry in entries.items() if not name.startswith((*_OTHERS, _PROJECTION))})


def _kept(entries: Entries) -> dict[str, Made]:
    """An autoencoder without what it was trained against."""
    return own({name: entry for name, entry in entries.items() if name.startswith(_KEPT)})
