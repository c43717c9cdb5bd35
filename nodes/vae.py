"""Autoencoders as nodes: the architecture to train, and a trained one between pictures and latents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Annotated, Any, Literal

import noisegraph as ng
from pydantic import Field

from .checkpoints import first_stage
from .checkpoints.checkpoint import CheckpointFile
from .checkpoints.families import NAMED, FamilyName
from .checkpoints.first_stage import Autoencoder as Autoencoder
from .checkpoints.first_stage import build as build
from .checkpoints.origin import Origin
from .checkpoints.published import published
from .networks.autoencoder_config import AutoencoderConfig

AnyFamily = Literal["auto"] | FamilyName
Pixels = Annotated[int, Field(ge=8, le=16384)]
Strip = Annotated[int, Field(ge=1, le=65536)]
AT_ONCE = 16
"""Pictures that the network is given at once, so that memory does not grow with the batch."""


@ng.node(early=True)
def architecture(*, config: AutoencoderConfig = AutoencoderConfig()) -> ng.Architecture:  # noqa: B008 (it is frozen)
    """An autoencoder without weights, to be trained.

    config: what differs from Stable Diffusion's: widths, blocks, channels of the latent, a codebook (VQ) or none (KL)
    """
    return ng.Architecture(build, tuple((field.name, getattr(config, field.name)) for field in fields(config)))


def load_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `vae.load`: from the file's list of tensors, or where it is not there yet, from the family."""
    path, family = inputs.get("path"), inputs.get("family", "auto")
    if isinstance(path, str):
        return first_stage.facts(published(path), family)
    return first_stage.expected(NAMED[family]) if family in NAMED else {}


@ng.node(early=True, facts=load_facts)
def load(
    *, path: CheckpointFile, family: AnyFamily = "auto", scale: Annotated[float, Field(gt=0)] | None = None
) -> Autoencoder:
    """The autoencoder of a published checkpoint, whole or by itself, KL or VQ; or a tiny one, for previews.

    path: a safetensors, ckpt or pt file, or a folder in the layout of diffusers
    family: whose latents they are, where the file does not say: those of sd1 and sdxl have the same shapes
    scale: what latents are multiplied by; the family's, where none is given
    """
    return first_stage.loaded(published(path), family, scale)


def shape_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `vae.shape`; raises NodeError for sides that the autoencoder cannot halve."""
    vae, width, height = inputs.get("vae", {}), inputs.get("width"), inputs.get("height")
    known = {"family": vae["family"]} if "family" in vae else {}
    if "factor" not in vae or not isinstance(width, int) or not isinstance(height, int):
        return known
    return {**known, "sizes": latent_sizes((3, height, width), vae["factor"], vae["channels"])}


@ng.node(early=True, facts=shape_facts)
def shape(vae: Autoencoder, *, width: Pixels = 512, height: Pixels = 512) -> ng.Shape:
    """The shape of the latent of a picture.

    width: of the picture, in pixels
    height: of the picture, in pixels
    """
    return ng.Shape(latent_sizes((3, height, width), vae.factor, vae.channels))


def latent_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of a picture's latent; raises NodeError for sides that the autoencoder cannot halve."""
    vae, image = inputs.get("vae", {}), inputs.get("image", {})
    _present(vae, "encoder")
    known = {name: fact for name, fact in (*image.items(), *vae.items()) if name in ("batch", "family")}
    if "factor" not in vae or "sizes" not in image:
        return known
    return {**known, "sizes": latent_sizes(image["sizes"], vae["factor"], vae["channels"])}


def picture_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of a latent's picture; raises NodeError where the two are not of one model."""
    vae, latent = inputs.get("vae", {}), inputs.get("latent", {})
    _present(vae, "decoder")
    _same_space(vae, latent)
    known = {name: fact for name, fact in latent.items() if name == "batch"}
    if "factor" not in vae or "sizes" not in latent:
        return known
    return {**known, "sizes": picture_sizes(latent["sizes"], vae["factor"], vae["channels"])}


def _same_space(vae: ng.Facts, latent: ng.Facts) -> None:
    """Raise NodeError for the latents of another model."""
    made, own = latent.get("family"), vae.get("family")
    if isinstance(made, Origin) and own not in (made, None):
        told = f"the latents are those of the autoencoder {made}, 'vae' is {own}"
        raise ng.NodeError(told, "give the autoencoder that the network was trained with")
    ng.agree("family", vae=vae, latent=latent)


def _present(vae: ng.Facts, half: str) -> None:
    if "absent" in vae:
        raise ng.NodeError(*vae["absent"])
    if half in vae.get("lacks", ()):
        raise first_stage.lacking(vae["path"], half)


def latent_sizes(sizes: Sequence[int], factor: int, channels: int) -> tuple[int, ...]:
    """The sizes of the latent of a picture [channels, height, width]; raises NodeError for sides that do not divide."""
    _, height, width = sizes
    if height % factor or width % factor:
        near = " x ".join(str(max(factor, round(side / factor) * factor)) for side in (height, width))
        raise ng.NodeError(
            f"a picture of {height} x {width} pixels: the autoencoder wants multiples of {factor}",
            f"crop it or bring it to {near}",
        )
    return (channels, height // factor, width // factor)


def picture_sizes(sizes: Sequence[int], factor: int, channels: int) -> tuple[int, ...]:
    """The sizes of the picture of a latent [channels, height, width]; raises NodeError for other channels."""
    if len(sizes) != 3 or sizes[0] != channels:
        shape = " x ".join(map(str, sizes))
        raise ng.NodeError(
            f"a latent of {shape}: the autoencoder wants {channels} channels, height and width",
            "take the autoencoder of the model that the latent is of",
        )
    return (3, sizes[1] * factor, sizes[2] * factor)


@ng.node(facts=latent_facts)
def encode(vae: Autoencoder, image: ng.Image, *, strip: Strip | None = None) -> ng.Latent:
    """Pictures as latents: the means of their distributions, scaled to about unit variance.

    image: sides are multiples of what the autoencoder makes smaller (4 for model.emoji, 8 for Stable Diffusion)
    strip: rows that are worked on at a time where a picture does not fit; the latent is the same
    """
    import torch

    first_stage.check_half(vae, "encoder")
    latent_sizes(tuple(image.shape[1:]), vae.factor, vae.channels)
    with torch.no_grad():
        module: Any = vae.weights.module()
        whole = _walked(module, strip, "means")
        parts = [whole((part * 2 - 1).expand(-1, 3, -1, -1)) for part in torch.split(image, AT_ONCE)]
    return ng.Latent(torch.cat(parts).float() * vae.scale)


@ng.node(facts=picture_facts)
def decode(vae: Autoencoder, latent: ng.Latent, *, strip: Strip | None = None) -> ng.Image:
    """The pictures that latents stand for; what lies outside of [0, 1] is cut off.

    strip: rows that are worked on at a time where a picture does not fit; the picture is the same
    """
    import torch

    first_stage.check_half(vae, "decoder")
    picture_sizes(tuple(latent.shape[1:]), vae.factor, vae.channels)
    with torch.no_grad():
        module: Any = vae.weights.module()
        whole = _walked(module, strip, "decode")
        parts = [whole(part / vae.scale).float() for part in torch.split(latent, AT_ONCE)]
    return ng.Image((torch.cat(parts) / 2 + 0.5).clamp(0, 1))


def _walked(module: Any, strip: int | None, way: str) -> Callable[[ng.Tensor], ng.Tensor]:
    """`decode` or `means` of the module, on its device in its dtype; in strips if wanted."""
    from .networks.strips import Strips

    if strip is not None:
        walk = getattr(Strips(strip), way)
        return lambda x: walk(module, x)
    weight = next(module.parameters())
    return lambda x: getattr(module, way)(x.to(weight))


@ng.hookimpl
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The nodes of this file."""
    return [architecture, load, shape, encode, decode]
