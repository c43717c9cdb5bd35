"""Systems that no library has in our names: our networks put out the numbers of their authors' own code.

`published/authors.json` holds those numbers, of networks with the authors' settings but few blocks and narrow.
"""

from __future__ import annotations

import json
import math
import zlib
from pathlib import Path
from typing import Any

import pytest
import torch
from noisegraph.nodes.networks.autoencoder import autoencoder
from noisegraph.nodes.networks.bert import bert
from noisegraph.nodes.networks.classifier import classifier
from noisegraph.nodes.networks.glide_text import glide_text
from noisegraph.nodes.networks.unet import unet
from torch import Tensor
from torch.nn import functional

VALUES = json.loads((Path(__file__).parent / "published" / "authors.json").read_text())["values"]
CLOSE = 1e-5
T = torch.tensor([3.0, 801.0])
SMALL: dict[str, Any] = {"num_res_blocks": 1, "channel_mult": (1, 2), "attention_resolutions": (2,)}
ADM: dict[str, Any] = {
    **SMALL,
    "out_channels": 6,
    "model_channels": 64,
    "use_scale_shift_norm": True,
    "resblock_updown": True,
}
GLIDE: dict[str, Any] = {
    **ADM,
    "num_head_channels": 64,
    "context_channels": 64,
    "vector_channels": 256,
    "vector_layers": False,
}
LDM: dict[str, Any] = {**SMALL, "in_channels": 3, "out_channels": 3, "model_channels": 32}
CASES: dict[str, dict[str, Any]] = {
    "adm-64": {**ADM, "num_head_channels": 64, "num_classes": 1000, "use_new_attention_order": True},
    "adm-128": {**ADM, "num_heads": 4, "num_classes": 1000},
    "adm-upsample-256": {**ADM, "in_channels": 6, "num_heads": 4, "num_classes": 1000},
    "iddpm": {**ADM, "num_heads": 4, "resblock_updown": False},
    "glide": GLIDE,
    "glide-upsample": {**GLIDE, "in_channels": 6},
    "ldm-class": {**LDM, "attention": "transformer", "context_channels": 48},
    "ldm-superres": {**LDM, "in_channels": 6, "num_head_channels": 32},
    "ldm-kl": {
        **LDM,
        "in_channels": 4,
        "out_channels": 4,
        "attention_resolutions": (1, 2),
        "num_heads": 8,
        "use_scale_shift_norm": True,
        "resblock_updown": True,
    },
}
"""The settings of U-Nets, as our networks call them."""


def drawn_as(name: str, *shape: int) -> Tensor:
    """Numbers that follow from the name."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(zlib.crc32(name.encode())))


def filled(module: Any) -> Any:
    """The module with parameters that follow from their names: matrices that keep a signal's size, norms near one."""
    for name, parameter in module.named_parameters():
        numbers = drawn_as(name, *parameter.shape)
        matrix = parameter.dim() > 1
        wide = numbers / math.sqrt(parameter[0].numel()) if matrix else numbers / 10 + name.endswith("weight")
        parameter.data = wide
    return module.eval().requires_grad_(False)


def inputs(name: str) -> tuple[Tensor, dict[str, Tensor], dict[str, Tensor]]:
    """A state, the conditions as our networks are told them, and what else the authors' code wants."""
    channels = 4 if name == "ldm-kl" else 6 if name == "ldm-superres" else 3
    x, told, raw = drawn_as("x", 2, channels, 16, 16), {}, {}
    if "num_classes" in CASES.get(name, {}):
        told["y"] = torch.tensor([4, 999])
    if name == "ldm-class":
        told["context"] = drawn_as("context", 2, 1, 48)
    if name.startswith("glide"):
        raw["tokens"] = torch.tensor([[1, 2, 3, 20, 20, 20, 20, 20], [9, 8, 7, 6, 20, 20, 20, 20]])
    if "upsample" in name:
        raw["low"] = drawn_as("low", 2, 3, 4, 4)
        told["concat"] = functional.interpolate(raw["low"], (16, 16), mode="bilinear")
    return x, told, raw


def close(found: Tensor, name: str) -> None:
    wanted = torch.tensor(VALUES[name], dtype=torch.float64)
    every = max(1, found.numel() // 32)
    taken = found.double().flatten()[::every][:32]
    torch.testing.assert_close(taken, wanted, rtol=0, atol=CLOSE * wanted.abs().max().item())


@pytest.mark.parametrize("name", [name for name in CASES if not name.startswith("glide")])
def test_a_unet_puts_out_the_numbers_of_its_authors(name: str) -> None:
    x, told, _ = inputs(name)
    close(filled(unet(**CASES[name]))(x, T, **told), name)


@pytest.mark.parametrize("name", ["glide", "glide-upsample"])
def test_glide_puts_out_the_numbers_of_its_authors_from_tokens_on(name: str) -> None:
    x, told, raw = inputs(name)
    context, vector = filled(glide_text(21, 8, 64, 2, 256))(raw["tokens"])
    close(filled(unet(**CASES[name]))(x, T, **told, context=context, vector=vector), name)


def test_the_noisy_classifier_puts_out_the_numbers_of_its_authors() -> None:
    network = filled(classifier(size=16, pool="attention", **{**ADM, "num_head_channels": 64, "out_channels": 10}))
    close(network(inputs("adm-classifier")[0], T), "adm-classifier")


def test_the_text_encoder_of_latent_diffusion_puts_out_the_numbers_of_its_authors() -> None:
    close(filled(bert(50, 9, 64, 2))(torch.arange(18).reshape(2, 9)), "ldm-bert")


@pytest.mark.parametrize("kind", ["kl", "vq"])
def test_a_first_stage_puts_out_the_numbers_of_its_authors(kind: str) -> None:
    config: dict[str, Any] = {
        "ch": 32,
        "ch_mult": (1, 2),
        "num_res_blocks": 1,
        "attn_resolutions": (16,),
        "resolution": 32,
        "z_channels": 3,
        "embed_dim": 3,
        "n_embed": 8 if kind == "vq" else None,
    }
    module = filled(autoencoder(**config))
    close(module.means(drawn_as("picture", 2, 3, 32, 32)), f"ldm-{kind}-encoder")
    close(module.decoder(module.post_quant_conv(drawn_as("latent", 2, 3, 16, 16))), f"ldm-{kind}-decoder")
