"""Whole checkpoints as they are published, but narrow and random: with text encoders, autoencoder and vocabulary."""

from __future__ import annotations

import gzip
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from noisegraph.nodes.networks.autoencoder import autoencoder
from noisegraph.nodes.networks.clip import text_transformer
from noisegraph.nodes.networks.control import control
from noisegraph.nodes.networks.rrdb import RRDBNet
from noisegraph.nodes.networks.unet import unet
from safetensors.torch import save_file

from .checkpoints import PUBLISHED, write_hollow

MERGES = ("c a", "ca t</w>", "t h", "th e</w>", "r e", "re d</w>", "d o", "do g</w>", "a t</w>")
VOCABULARY = 256 * 2 + len(MERGES) + 2
UNET: Mapping[str, Any] = {"model_channels": 32, "num_res_blocks": 1, "channel_mult": (1, 2)}
ATTENDS: Mapping[str, Any] = {"attention_resolutions": (1, 2)}
XL: Mapping[str, Any] = {
    "model_channels": 64,
    "num_res_blocks": 1,
    "channel_mult": (1, 2),
    "attention_resolutions": (2,),
    "transformer_depth": (1, 2),
}
TWO: Mapping[str, Any] = {**UNET, **ATTENDS, "model_channels": 64}
UNETS: Mapping[str, Mapping[str, Any]] = {
    "sd1": {**UNET, **ATTENDS},
    "sd1-inpaint": {**UNET, **ATTENDS},
    "sd1-edit": {**UNET, **ATTENDS},
    "sd2": TWO,
    "sd2-depth": TWO,
    "x4-upscaler": {**UNET, **ATTENDS, "disable_self_attentions": (True, False)},
    "sdxl": XL,
    "sdxl-inpaint": XL,
    "sdxl-refiner": XL,
}
"""What is smaller than published."""
ONE_TEXT, TWO_TEXT, BIG_TEXT = "cond_stage_model.transformer.", "cond_stage_model.model.", "conditioner.embedders."
TEXTS: Mapping[str, tuple[tuple[str, int], ...]] = {
    "sd1": ((ONE_TEXT, 768),),
    "sd1-inpaint": ((ONE_TEXT, 768),),
    "sd1-edit": ((ONE_TEXT, 768),),
    "sd2": ((TWO_TEXT, 1024),),
    "sd2-depth": ((TWO_TEXT, 1024),),
    "x4-upscaler": ((TWO_TEXT, 1024),),
    "sdxl": ((f"{BIG_TEXT}0.transformer.", 768), (f"{BIG_TEXT}1.model.", 1280)),
    "sdxl-inpaint": ((f"{BIG_TEXT}0.transformer.", 768), (f"{BIG_TEXT}1.model.", 1280)),
    "sdxl-refiner": ((f"{BIG_TEXT}0.model.", 1280),),
}
"""Prefix and width of each text encoder; those of transformers' layout have `transformer` in the prefix."""


def random(module: torch.nn.Module, seed: int | None) -> dict[str, torch.Tensor]:
    """The module's state with all parameters random, of a size that keeps what flows through it near 1.

    Without a seed it holds no numbers, as the module itself.
    """
    if seed is None:
        return dict(module.state_dict())
    generator = torch.Generator().manual_seed(seed)
    state = {}
    for name, value in module.state_dict().items():
        drawn = torch.randn(value.shape, generator=generator)
        norm = value.dim() == 1 and name.endswith("weight")
        state[name] = (
            1 + drawn / 10 if norm else drawn / math.sqrt(max(1, value[0].numel()) if value.dim() > 1 else 100)
        )
    return state


def open_clip(state: Mapping[str, torch.Tensor]) -> Iterator[tuple[str, torch.Tensor]]:
    """The names of open_clip for a text tower of ours."""
    ends = {
        "text_model.embeddings.token_embedding.weight": "token_embedding.weight",
        "text_model.embeddings.position_embedding.weight": "positional_embedding",
        "text_model.final_layer_norm.weight": "ln_final.weight",
        "text_model.final_layer_norm.bias": "ln_final.bias",
    }
    inner = {
        "layer_norm1": "ln_1",
        "layer_norm2": "ln_2",
        "mlp.fc1": "mlp.c_fc",
        "mlp.fc2": "mlp.c_proj",
        "self_attn.out_proj": "attn.out_proj",
    }
    for name, value in state.items():
        layer, _, end = name.removeprefix("text_model.encoder.layers.").partition(".")
        part, _, kind = end.rpartition(".")
        if name in ends:
            yield ends[name], value
        elif name == "text_projection.weight":
            yield "text_projection", value.T.contiguous()
        elif part in inner:
            yield f"transformer.resblocks.{layer}.{inner[part]}.{kind}", value
        elif part == "self_attn.q_proj":
            parts = [state[name.replace("q_proj", f"{one}_proj")] for one in "qkv"]
            yield f"transformer.resblocks.{layer}.attn.in_proj_{kind}", torch.cat(parts)


def text(prefix: str, width: int, seed: int | None) -> dict[str, torch.Tensor]:
    """The tensors of a text encoder in the layout that its prefix stands for."""
    config: dict[str, Any] = {"vocab_size": VOCABULARY, "end_token": VOCABULARY - 1, "text_width": width}
    config |= {"text_layers": 1 if prefix == ONE_TEXT else 2, "text_heads": width // 64, "projection_dim": width}
    with torch.device("meta"):
        tower = text_transformer(projects="transformer" not in prefix, **config)
    state = random(tower, seed)
    named = state.items() if "transformer" in prefix else open_clip(state)
    return {f"{prefix}{name}": value for name, value in named}


def checkpoint(family: str, seed: int | None = 0) -> dict[str, torch.Tensor]:
    """All tensors of a family's single file; without a seed, no more than their shapes."""
    config, first = PUBLISHED[family]
    with torch.device("meta"):
        own, stage = (
            unet(**{**config, **UNETS[family]}),
            autoencoder(**{**(first or {}), "ch": 32, "num_res_blocks": 1}),
        )
    found = {f"model.diffusion_model.{name}": value for name, value in random(own, seed).items()}
    found |= {f"first_stage_model.{name}": value for name, value in random(stage, seed).items()}
    for number, (prefix, width) in enumerate(TEXTS[family]):
        found |= text(prefix, width, None if seed is None else seed + 2 + number)
    return found


def write(folder: Path, family: str, name: str = "", seed: int = 0) -> str:
    """A family's single file in a folder, in half precision, and CLIP's vocabulary beside it; the file's name."""
    write_vocabulary(folder)
    name = name or f"{family}.safetensors"
    save_file({key: value.half() for key, value in checkpoint(family, seed).items()}, folder / name)
    return name


def write_vocabulary(folder: Path) -> None:
    """CLIP's vocabulary with few words, by its published name."""
    words = "version\n" + "\n".join(MERGES) + "\n"
    (folder / "bpe_simple_vocab_16e6.txt.gz").write_bytes(gzip.compress(words.encode()))


def write_shapes(folder: Path, family: str) -> str:
    """As `write`, but the file holds zeros that take no room on the disk, and no vocabulary lies beside it."""
    shapes = {key: tuple(value.shape) for key, value in checkpoint(family, None).items()}
    return write_hollow(folder / f"{family}.safetensors", shapes).name


def write_control(folder: Path, name: str = "control.safetensors", family: str = "sd1") -> str:
    """A ControlNet for a small model, Stable Diffusion 1 or another, by its authors' names."""
    with torch.device("meta"):
        made = control(**{**PUBLISHED[family][0], **UNETS[family]})
    save_file({f"control_model.{key}": value for key, value in random(made, 9).items()}, folder / name)
    return name


def write_lora(folder: Path, name: str, seed: int, width: int = 64) -> str:
    """A LoRA for the small Stable Diffusion 1, or one of another width, by kohya's names."""
    layer = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_q"
    generator = torch.Generator().manual_seed(seed)
    down, up = (torch.randn(shape, generator=generator) for shape in ((4, width), (width, 4)))
    tensors = {f"{layer}.lora_down.weight": down, f"{layer}.lora_up.weight": up, f"{layer}.alpha": torch.tensor(2.0)}
    save_file(tensors, folder / name)
    return name


def write_upscaler(folder: Path, name: str = "upscaler.pth") -> str:
    """An ESRGAN upscaler of factor 2, as a pickle."""
    with torch.device("meta"):
        made = RRDBNet(channels=3, folded=1, width=8, growth=4, blocks=1, doublings=1)
    torch.save(random(made, 5), folder / name)
    return name
