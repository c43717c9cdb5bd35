"""Checkpoints as they are published, for tests: the networks' settings, and hollow files of full size."""

from __future__ import annotations

import json
import math
import os
import pickle
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import torch
from noisegraph.nodes.networks.autoencoder import autoencoder
from noisegraph.nodes.networks.unet import unet

Shapes = Mapping[str, tuple[int, ...]]
STABLE: dict[str, Any] = {
    "in_channels": 4,
    "out_channels": 4,
    "model_channels": 320,
    "channel_mult": (1, 2, 4, 4),
    "attention_resolutions": (1, 2, 4),
    "attention": "transformer",
}
SD1 = {**STABLE, "context_channels": 768, "num_heads": 8}
SD2 = {**STABLE, "context_channels": 1024, "num_head_channels": 64, "linear_projections": True}
SDXL = {
    **STABLE,
    "channel_mult": (1, 2, 4),
    "attention_resolutions": (2, 4),
    "transformer_depth": (1, 2, 10),
    "context_channels": 2048,
    "vector_channels": 2816,
    "num_head_channels": 64,
    "linear_projections": True,
}
REFINER = {
    **SDXL,
    "model_channels": 384,
    "channel_mult": (1, 2, 4, 4),
    "transformer_depth": (1, 4, 4, 4),
    "context_channels": 1280,
    "vector_channels": 2560,
}
UPSCALER = {
    **STABLE,
    "in_channels": 7,
    "model_channels": 256,
    "channel_mult": (1, 2, 2, 4),
    "attention_resolutions": (2, 4, 8),
    "disable_self_attentions": (False, True, True, False),
    "context_channels": 1024,
    "num_heads": 8,
    "num_classes": 1000,
    "linear_projections": True,
}
LATENT: dict[str, Any] = {
    "in_channels": 3,
    "out_channels": 3,
    "model_channels": 224,
    "channel_mult": (1, 2, 3, 4),
    "attention_resolutions": (2, 4, 8),
    "num_head_channels": 32,
}
ADM: dict[str, Any] = {
    "out_channels": 6,
    "model_channels": 256,
    "channel_mult": (1, 1, 2, 2, 4, 4),
    "attention_resolutions": (8, 16, 32),
    "num_head_channels": 64,
    "use_scale_shift_norm": True,
    "resblock_updown": True,
}
GLIDE: dict[str, Any] = {
    **ADM,
    "model_channels": 192,
    "channel_mult": (1, 2, 3, 4),
    "num_res_blocks": 3,
    "attention_resolutions": (2, 4, 8),
    "context_channels": 512,
    "vector_channels": 768,
    "vector_layers": False,
}
GLIDE_UP = {**GLIDE, "channel_mult": ADM["channel_mult"], "num_res_blocks": 2, "attention_resolutions": (8, 16, 32)}
KL8: dict[str, Any] = {}
KL4 = {"ch_mult": (1, 2, 4)}
VQ4 = {"ch_mult": (1, 2, 4), "z_channels": 3, "embed_dim": 3, "n_embed": 8192}
VQ8 = {"ch_mult": (1, 2, 2, 4), "attn_resolutions": (32,), "z_channels": 4, "embed_dim": 4, "n_embed": 16384}
PUBLISHED: dict[str, tuple[dict[str, Any], dict[str, Any] | None]] = {
    "sd1": (SD1, KL8),
    "sd1-inpaint": ({**SD1, "in_channels": 9}, KL8),
    "sd1-edit": ({**SD1, "in_channels": 8}, KL8),
    "sd2": (SD2, KL8),
    "sd2-inpaint": ({**SD2, "in_channels": 9}, KL8),
    "sd2-depth": ({**SD2, "in_channels": 5}, KL8),
    "sd2-unclip-l": ({**SD2, "vector_channels": 1536}, KL8),
    "sd2-unclip-h": ({**SD2, "vector_channels": 2048}, KL8),
    "x4-upscaler": (UPSCALER, KL4),
    "sdxl": (SDXL, KL8),
    "sdxl-inpaint": ({**SDXL, "in_channels": 9}, KL8),
    "sdxl-refiner": (REFINER, KL8),
    "ldm-text": ({**SD1, "context_channels": 1280}, KL8),
    "ldm-class": (
        {
            **LATENT,
            "model_channels": 192,
            "channel_mult": (1, 2, 3, 5),
            "attention": "transformer",
            "context_channels": 512,
            "num_head_channels": None,
            "num_heads": 1,
        },
        VQ4,
    ),
    "ldm-class-f8": (
        {
            **STABLE,
            "model_channels": 256,
            "channel_mult": (1, 2, 4),
            "context_channels": 512,
            "num_head_channels": 32,
        },
        VQ8,
    ),
    "ldm-superres": (
        {
            **LATENT,
            "in_channels": 6,
            "model_channels": 160,
            "channel_mult": (1, 2, 2, 4),
            "attention_resolutions": (8,),
        },
        VQ4,
    ),
    "ldm-vq": (LATENT, VQ4),
    "ldm-kl": (
        {
            **LATENT,
            "in_channels": 4,
            "out_channels": 4,
            "model_channels": 192,
            "channel_mult": (1, 2, 2, 4, 4),
            "attention_resolutions": (1, 2, 4, 8),
            "num_head_channels": None,
            "num_heads": 8,
            "use_scale_shift_norm": True,
            "resblock_updown": True,
        },
        KL8,
    ),
    "adm-64": (
        {
            **ADM,
            "model_channels": 192,
            "channel_mult": (1, 2, 3, 4),
            "num_res_blocks": 3,
            "attention_resolutions": (2, 4, 8),
            "num_classes": 1000,
            "use_new_attention_order": True,
        },
        None,
    ),
    "adm-128": (
        {
            **ADM,
            "channel_mult": (1, 1, 2, 3, 4),
            "attention_resolutions": (4, 8, 16),
            "num_head_channels": None,
            "num_heads": 4,
            "num_classes": 1000,
        },
        None,
    ),
    "adm-256": ({**ADM, "num_classes": 1000}, None),
    "adm-512": (
        {
            **ADM,
            "channel_mult": (0.5, 1, 1, 2, 2, 4, 4),
            "attention_resolutions": (16, 32, 64),
            "num_classes": 1000,
        },
        None,
    ),
    "adm-256-uncond": (ADM, None),
    "adm-upsample-256": (
        {
            **ADM,
            "in_channels": 6,
            "model_channels": 192,
            "num_head_channels": None,
            "num_heads": 4,
            "num_classes": 1000,
        },
        None,
    ),
    "adm-upsample-512": (
        {**ADM, "in_channels": 6, "model_channels": 192, "attention_resolutions": (16, 32), "num_classes": 1000},
        None,
    ),
    "iddpm": (
        {
            "out_channels": 6,
            "num_res_blocks": 3,
            "channel_mult": (1, 2, 3, 4),
            "attention_resolutions": (4, 8),
            "num_heads": 4,
            "use_scale_shift_norm": True,
        },
        None,
    ),
    "glide": (GLIDE, None),
    "glide-inpaint": ({**GLIDE, "in_channels": 7}, None),
    "glide-upsample": ({**GLIDE_UP, "in_channels": 6}, None),
    "glide-upsample-inpaint": ({**GLIDE_UP, "in_channels": 10}, None),
}
"""The settings of each family's U-Net and first stage, as its authors' configuration files have them."""


def shapes_of(build: Any, config: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a network that takes no memory."""
    return dict(_shapes(build, pickle.dumps(dict(config))))


@cache
def _shapes(build: Any, config: bytes) -> Shapes:
    with torch.device("meta"):
        return {name: tuple(value.shape) for name, value in build(**pickle.loads(config)).state_dict().items()}


def whole(family: str, **smaller: Any) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a family's single file: its U-Net, and its autoencoder where it has one."""
    config, first = PUBLISHED[family]
    own = shapes_of(unet, {**config, **smaller})
    if first is None:
        return own
    narrow = {"ch": 32} if smaller else {}
    return {
        **{f"model.diffusion_model.{name}": shape for name, shape in own.items()},
        **{f"first_stage_model.{name}": shape for name, shape in shapes_of(autoencoder, {**first, **narrow}).items()},
    }


def write_hollow(path: Path, shapes: Shapes, metadata: Mapping[str, str] | None = None) -> Path:
    """A safetensors file in half precision of full size whose data takes no room on the disk: all zeros."""
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    end = 0
    for name, shape in shapes.items():
        start, end = end, end + 2 * math.prod(shape)
        header[name] = {"dtype": "F16", "shape": list(shape), "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text)
    os.truncate(path, 8 + len(text) + end)
    return path


def awake(module: torch.nn.Module, seed: int = 0) -> Any:
    """The module in float32 with all parameters random, also those that begin at zero or one."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in module.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator) * 0.1
    return module.eval().requires_grad_(False)


def drawn(*shape: int, seed: int = 1) -> torch.Tensor:
    """Random numbers."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))
