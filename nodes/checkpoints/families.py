"""The published families of models, as data: by which shapes each is known, and what shapes do not tell of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import noisegraph as ng

FamilyName = Literal[
    "sd1",
    "sd1-inpaint",
    "sd1-edit",
    "sd2",
    "sd2-inpaint",
    "sd2-depth",
    "sd2-unclip-l",
    "sd2-unclip-h",
    "x4-upscaler",
    "sdxl",
    "sdxl-inpaint",
    "sdxl-refiner",
    "ldm-text",
    "ldm-class",
    "ldm-class-f8",
    "ldm-superres",
    "ldm-vq",
    "ldm-kl",
    "adm-64",
    "adm-128",
    "adm-256",
    "adm-512",
    "adm-256-uncond",
    "adm-upsample-256",
    "adm-upsample-512",
    "iddpm",
    "glide",
    "glide-inpaint",
    "glide-upsample",
    "glide-upsample-inpaint",
]
STABLE = ng.DiscreteVP("scaled_linear", 1000, 0.00085, 0.012)
LATENT = ng.DiscreteVP("scaled_linear", 1000, 0.0015, 0.0195)
LINEAR, COSINE = ng.DiscreteVP("linear"), ng.DiscreteVP("cosine")


@dataclass(frozen=True)
class Family:
    """A family: known by `marks`, fields of its U-Net's configuration or `first_stage`; `heads` is what is not told."""

    name: FamilyName
    title: str
    marks: Mapping[str, Any]
    heads: Mapping[str, Any]
    size: int
    """Side in pixels of the pictures that it was trained on."""
    process: ng.DiscreteVP = STABLE
    prediction: ng.Prediction = "eps"
    space: str = ""
    """Whose latents they are; families with the same can share an autoencoder. None for pixels."""
    scale: float = 1.0
    factor: int = 1
    channels: int = 3
    """Of what is diffused."""
    doubtful: str = ""
    """What the file does not tell, and what is taken for it."""
    more: Mapping[str, Any] = field(default_factory=dict)
    """What else shapes do not tell of the U-Net."""


def _words(context: int, channels: int = 4, **more: Any) -> dict[str, Any]:
    marks = {"attention": "transformer", "in_channels": channels, "out_channels": 4, "context_channels": context}
    return {**marks, "vector_channels": None, "num_classes": None, **more}


def _pixels(channels: int, *mult: float, **more: Any) -> dict[str, Any]:
    marks = {"attention": "block", "in_channels": channels, "out_channels": 6, "channel_mult": mult}
    return {**marks, "context_channels": None, "resblock_updown": True, "use_scale_shift_norm": True, **more}


def _told(channels: int, *mult: int, **more: Any) -> dict[str, Any]:
    marks = {"attention": "block", "in_channels": channels, "out_channels": 6, "channel_mult": mult}
    return {**marks, "context_channels": 512, "resblock_updown": True, **more}


_SD: dict[str, Any] = {"space": "sd", "scale": 0.18215, "factor": 8, "channels": 4}
_XL: dict[str, Any] = {"space": "sdxl", "scale": 0.13025, "factor": 8, "channels": 4}
_VQ4: dict[str, Any] = {"space": "ldm-vq-f4", "factor": 4, "channels": 3}
_EIGHT, _WIDE, _NARROW, _ONE = {"num_heads": 8}, {"num_head_channels": 64}, {"num_head_channels": 32}, {"num_heads": 1}
_FOUR = {"num_heads": 4}
_EPS_OR_V = "eps or v is not in the file; {} is taken, as published: give `prediction` if it is the other"
_OLD = {"attention": "block", "context_channels": None, "num_classes": None}
_UPSAMPLE = (1, 1, 2, 2, 4, 4)

FAMILIES: tuple[Family, ...] = (
    Family("sd1", "Stable Diffusion 1", _words(768), _EIGHT, 512, **_SD),
    Family("sd1-inpaint", "Stable Diffusion 1, inpainting", _words(768, 9), _EIGHT, 512, **_SD),
    Family("sd1-edit", "InstructPix2Pix", _words(768, 8), _EIGHT, 512, **_SD),
    Family(
        "sd2", "Stable Diffusion 2", _words(1024), _WIDE, 768, prediction="v", doubtful=_EPS_OR_V.format("v"), **_SD
    ),
    Family("sd2-inpaint", "Stable Diffusion 2, inpainting", _words(1024, 9), _WIDE, 512, **_SD),
    Family("sd2-depth", "Stable Diffusion 2, depth", _words(1024, 5), _WIDE, 512, **_SD),
    Family(
        "sd2-unclip-l",
        "Stable Diffusion 2.1 unCLIP, ViT-L",
        _words(1024, vector_channels=1536),
        _WIDE,
        768,
        prediction="v",
        **_SD,
    ),
    Family(
        "sd2-unclip-h",
        "Stable Diffusion 2.1 unCLIP, ViT-H",
        _words(1024, vector_channels=2048),
        _WIDE,
        768,
        prediction="v",
        **_SD,
    ),
    Family(
        "x4-upscaler",
        "Stable Diffusion x4 upscaler",
        _words(1024, 7, num_classes=1000),
        _EIGHT,
        512,
        ng.DiscreteVP("scaled_linear", 1000, 0.0001, 0.02),
        "v",
        space="x4",
        scale=0.08333,
        factor=4,
        channels=4,
    ),
    Family("sdxl", "Stable Diffusion XL", _words(2048, vector_channels=2816), _WIDE, 1024, **_XL),
    Family(
        "sdxl-inpaint", "Stable Diffusion XL, inpainting", _words(2048, 9, vector_channels=2816), _WIDE, 1024, **_XL
    ),
    Family("sdxl-refiner", "Stable Diffusion XL, refiner", _words(1280, vector_channels=2560), _WIDE, 1024, **_XL),
    Family("ldm-text", "latent diffusion, text to image", _words(1280), _EIGHT, 256, **_SD),
    Family(
        "ldm-class", "latent diffusion of classes, VQ-f4", _words(512, 3, out_channels=3), _ONE, 256, LATENT, **_VQ4
    ),
    Family(
        "ldm-class-f8",
        "latent diffusion of classes, VQ-f8",
        _words(512),
        _NARROW,
        256,
        LATENT,
        space="ldm-vq-f8",
        factor=8,
        channels=4,
    ),
    Family(
        "ldm-superres",
        "latent diffusion, super-resolution",
        {**_OLD, "in_channels": 6, "out_channels": 3},
        _NARROW,
        256,
        ng.DiscreteVP("scaled_linear", 1000, 0.0015, 0.0155),
        **_VQ4,
    ),
    Family(
        "ldm-vq",
        "latent diffusion, VQ-f4",
        {**_OLD, "in_channels": 3, "out_channels": 3, "first_stage": "vq"},
        _NARROW,
        256,
        LATENT,
        **_VQ4,
    ),
    Family(
        "ldm-kl",
        "latent diffusion, KL-f8",
        {**_OLD, "in_channels": 4, "out_channels": 4, "first_stage": "kl"},
        _EIGHT,
        256,
        ng.DiscreteVP("scaled_linear", 1000, 0.0015, 0.0155),
        space="ldm-kl-f8",
        factor=8,
        channels=4,
        doubtful="its latents' scale is 1 unless the file holds another as 'scale_factor'",
    ),
    Family(
        "adm-64",
        "ADM, ImageNet 64 x 64",
        _pixels(3, 1, 2, 3, 4, num_classes=1000),
        _WIDE,
        64,
        COSINE,
        more={"use_new_attention_order": True},
    ),
    Family("adm-128", "ADM, ImageNet 128 x 128", _pixels(3, 1, 1, 2, 3, 4, num_classes=1000), _FOUR, 128, LINEAR),
    Family("adm-256", "ADM, ImageNet 256 x 256", _pixels(3, *_UPSAMPLE, num_classes=1000), _WIDE, 256, LINEAR),
    Family("adm-512", "ADM, ImageNet 512 x 512", _pixels(3, 0.5, *_UPSAMPLE, num_classes=1000), _WIDE, 512, LINEAR),
    Family("adm-256-uncond", "ADM, 256 x 256", _pixels(3, *_UPSAMPLE, num_classes=None), _WIDE, 256, LINEAR),
    Family(
        "adm-upsample-256",
        "ADM, from 64 to 256",
        _pixels(6, *_UPSAMPLE, attention_resolutions=(8, 16, 32)),
        _FOUR,
        256,
        LINEAR,
    ),
    Family(
        "adm-upsample-512",
        "ADM, from 128 to 512",
        _pixels(6, *_UPSAMPLE, attention_resolutions=(16, 32)),
        _WIDE,
        512,
        LINEAR,
    ),
    Family(
        "iddpm",
        "improved DDPM",
        {**_OLD, "in_channels": 3, "out_channels": 6, "resblock_updown": False, "num_classes": ...},
        _FOUR,
        64,
        COSINE,
        doubtful="its betas are not in the file; those of the cosine schedule are taken",
    ),
    Family("glide", "GLIDE, 64 x 64", _told(3, 1, 2, 3, 4), _WIDE, 64, COSINE),
    Family("glide-inpaint", "GLIDE, 64 x 64, inpainting", _told(7, 1, 2, 3, 4), _WIDE, 64, COSINE),
    Family("glide-upsample", "GLIDE, from 64 to 256", _told(6, *_UPSAMPLE), _WIDE, 256, LINEAR),
    Family("glide-upsample-inpaint", "GLIDE, from 64 to 256, inpainting", _told(10, *_UPSAMPLE), _WIDE, 256, LINEAR),
)
"""A mark of `...` says that any value will do."""
NAMED: Mapping[str, Family] = {family.name: family for family in FAMILIES}
