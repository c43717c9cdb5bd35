"""What a U-Net is told beside words: a picture that controls it, that it fills in, enlarges, follows or changes."""

from __future__ import annotations

from typing import Annotated

import noisegraph as ng
from pydantic import Field

from ..prompts import known as words
from ..vae import Autoencoder, encode

Seed = Annotated[int, Field(ge=0, lt=2**63)]


@ng.node(facts=words.beside())
def hint(condition: ng.Condition, image: ng.Image, *, number: Annotated[int, Field(ge=0, le=99)] = 0) -> ng.Condition:
    """The condition of a U-Net that is under control, with the picture that controls it.

    image: of the size of the picture to draw: edges, depth, a pose
    number: which ControlNet it is for, the first being 0
    """
    return ng.Condition({**condition, f"hint_{number}": image.expand(-1, 3, -1, -1)})


@ng.node(facts=words.beside(5))
def inpainting(condition: ng.Condition, vae: Autoencoder, image: ng.Image, mask: ng.Mask) -> ng.Condition:
    """The condition of a U-Net that fills in (9 channels): the mask, and the picture without what it hides.

    image: to fill in, of the size of the picture to draw
    mask: 1 where is to be drawn; of the picture's size, or fitted to it
    """
    import torch
    from torch.nn import functional

    fitted = functional.interpolate(mask.to(image), image.shape[2:], mode="nearest")
    hidden = (fitted >= 0.5).to(image)
    known = encode(vae, ng.Image(image * (1 - hidden) + 0.5 * hidden))
    small = functional.interpolate(hidden.to(known), known.shape[2:], mode="nearest").expand(len(known), -1, -1, -1)
    return ng.Condition({**condition, "concat": torch.cat([small, known], dim=1)})


@ng.node(facts=words.beside(3))
def low_resolution(
    condition: ng.Condition,
    image: ng.Image,
    process: ng.Process,
    *,
    noise_level: Annotated[int, Field(ge=0, le=350)] = 20,
    seed: Seed | list[Seed] = 0,
) -> ng.Condition:
    """The condition of a U-Net that enlarges (Stable Diffusion's x4 upscaler): the small picture, with some noise.

    image: of a quarter of the size of the picture to draw
    process: of the U-Net
    noise_level: the time whose noise is put on it, which the network is told; more leaves more to be invented
    seed: of that noise; image i has seed + i, or give a list with one seed an image
    """
    import torch

    small = image.expand(-1, 3, -1, -1) * 2 - 1
    noise = ng.normal(ng.seeds_from(seed, len(small)), small, "low resolution")
    noisy = ng.noised(small, noise, process.level(float(noise_level)))
    told = torch.full((len(noisy),), noise_level, device=noisy.device)
    return ng.Condition({**condition, "concat": noisy, "y": told})


@ng.node(facts=words.beside(1))
def depth(condition: ng.Condition, vae: Autoencoder, image: ng.Image) -> ng.Condition:
    """The condition of a U-Net that follows a map of depths (Stable Diffusion 2, depth): which things are near.

    vae: whose latents are drawn, and so of which size the map is to be
    image: the map, the nearer the lighter, as MiDaS and its like draw it; of the size of the picture to draw
    """
    from torch.nn import functional

    sides = tuple(side // vae.factor for side in image.shape[2:])
    fitted = functional.interpolate(image.mean(dim=1, keepdim=True), sides, mode="bicubic")
    least, most = (bound(dim=(1, 2, 3), keepdim=True) for bound in (fitted.amin, fitted.amax))
    return ng.Condition({**condition, "concat": 2 * (fitted - least) / (most - least).clamp(min=1e-6) - 1})


@ng.node(facts=words.beside(4))
def editing(condition: ng.Condition, vae: Autoencoder, image: ng.Image) -> ng.Condition:
    """The condition of a U-Net that changes a picture as words say (InstructPix2Pix, Brooks et al. 2023).

    condition: the instruction: "make it winter"
    image: the picture to change, of the size of that to draw
    """
    return ng.Condition({**condition, "concat": encode(vae, image) / vae.scale})


@ng.node(facts=words.beside())
def unseen(condition: ng.Condition) -> ng.Condition:
    """A condition whose picture is taken away, as guide.edit wants one beside that with the picture.

    condition: from unet.editing or its like
    """
    import torch

    if "concat" not in condition:
        raise ng.NodeError("a condition without a picture", "give that of unet.editing")
    return ng.Condition({**condition, "concat": torch.zeros_like(condition["concat"])})


NODES = (hint, inpainting, low_resolution, depth, editing, unseen)
