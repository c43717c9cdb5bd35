"""Autoencoders as nodes: the architecture to train, and a trained one between pictures and latents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import noisegraph as ng

from .networks.autoencoder_config import AutoencoderConfig

if TYPE_CHECKING:
    from torch.nn import Module

AT_ONCE = 16
"""Pictures that the network is given at once, so that memory does not grow with the batch."""


@dataclass(frozen=True)
class Autoencoder:
    """A trained autoencoder: latents are `factor` times smaller than pictures and have about unit variance."""

    weights: ng.Weights
    scale: float
    """What the network's latents are multiplied by, one over their standard deviation (Rombach et al. 2022, G)."""
    factor: int
    channels: int


def build(**config: Any) -> Module:
    """The autoencoder of a configuration; torch is imported only now."""
    from .networks.autoencoder import autoencoder

    return autoencoder(**config)


@ng.node(early=True)
def architecture(*, config: AutoencoderConfig = AutoencoderConfig()) -> ng.Architecture:  # noqa: B008 (it is frozen)
    """An autoencoder without weights, to be trained.

    config: what differs from Stable Diffusion's: widths, blocks, channels of the latent, a codebook (VQ) or none (KL)
    """
    return ng.Architecture(build, tuple((field.name, getattr(config, field.name)) for field in fields(config)))


def latent_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of a picture's latent; raises NodeError for sides that the autoencoder cannot halve."""
    vae, image = inputs.get("vae", {}), inputs.get("image", {})
    known = {name: fact for name, fact in (*image.items(), *vae.items()) if name in ("batch", "family")}
    if "factor" not in vae or "sizes" not in image:
        return known
    return {**known, "sizes": latent_sizes(image["sizes"], vae["factor"], vae["channels"])}


def picture_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of a latent's picture; raises NodeError where the two are not of one model."""
    vae, latent = inputs.get("vae", {}), inputs.get("latent", {})
    ng.agree("family", vae=vae, latent=latent)
    known = {name: fact for name, fact in latent.items() if name == "batch"}
    if "factor" not in vae or "sizes" not in latent:
        return known
    return {**known, "sizes": picture_sizes(latent["sizes"], vae["factor"], vae["channels"])}


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
def encode(vae: Autoencoder, image: ng.Image) -> ng.Latent:
    """Pictures as latents: the means of their distributions, scaled to about unit variance.

    image: sides are multiples of what the autoencoder makes smaller (4 for model.emoji, 8 for Stable Diffusion)
    """
    import torch

    latent_sizes(tuple(image.shape[1:]), vae.factor, vae.channels)
    with torch.no_grad():
        module: Any = vae.weights.module()
        weight = next(module.parameters())
        parts = [module.means((part * 2 - 1).expand(-1, 3, -1, -1).to(weight)) for part in torch.split(image, AT_ONCE)]
    return ng.Latent(torch.cat(parts).float() * vae.scale)


@ng.node(facts=picture_facts)
def decode(vae: Autoencoder, latent: ng.Latent) -> ng.Image:
    """The pictures that latents stand for; what lies outside of [0, 1] is cut off."""
    import torch

    picture_sizes(tuple(latent.shape[1:]), vae.factor, vae.channels)
    with torch.no_grad():
        module: Any = vae.weights.module()
        weight = next(module.parameters())
        parts = [module.decode((part / vae.scale).to(weight)).float() for part in torch.split(latent, AT_ONCE)]
    return ng.Image((torch.cat(parts) / 2 + 0.5).clamp(0, 1))


@ng.hookimpl
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The nodes of this file."""
    return [architecture, encode, decode]
