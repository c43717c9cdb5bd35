"""Pictures in the space that a CLIP shares between texts and pictures: embeddings, what they condition and guide."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import noisegraph as ng
from pydantic import Field

from .guidance.clip import Encoder
from .text import TextEncoder
from .vae import AT_ONCE, Autoencoder


@ng.node
def embed(encoder: TextEncoder, image: ng.Image) -> ng.Points:
    """Pictures as unit vectors in the space of a CLIP: [batch, dimensions].

    image: of the size that the CLIP was trained with, 64 x 64 for model.emoji
    """
    import torch

    with torch.no_grad():
        parts = [_embedded(encoder, part * 2 - 1) for part in torch.split(image, AT_ONCE)]
    return ng.Points(torch.cat(parts))


@ng.node(early=True)
def encoder(encoder: TextEncoder, vae: Autoencoder) -> Encoder:
    """What latents look like to a CLIP, as CLIP guidance asks it: the embeddings of the pictures that they stand for.

    It knows clean pictures: ask it for predicted data, `guide.on_data`.
    """

    def embedded(x: ng.Tensor, level: ng.Level) -> ng.Tensor:
        module: Any = vae.weights.module()
        picture = module.decode((x / vae.scale).to(next(module.parameters())))
        return _embedded(encoder, picture.clamp(-1, 1)).to(x)

    return embedded


@ng.node
def condition(
    points: ng.Points | None = None, *, dimensions: Annotated[int, Field(ge=1, le=65536)] = 128
) -> ng.Condition:
    """Embeddings of pictures as a condition, for a network that draws a picture again (Ramesh et al. 2022).

    points: unit vectors; without them it is the empty condition, zero, for classifier-free guidance
    dimensions: of the empty condition
    """
    import torch

    found = torch.zeros(1, dimensions, device=ng.device()) if points is None else points
    return ng.Condition({"vector": _spread(found)})


@ng.node
def latent(points: ng.Points) -> ng.Latent:
    """Unit vectors as data of about unit variance, which a prior learns to draw."""
    return ng.Latent(_spread(points))


@ng.node
def points(latent: ng.Latent) -> ng.Points:
    """What a prior has drawn as unit vectors again."""
    from torch.nn import functional

    return ng.Points(functional.normalize(latent, dim=-1))


def _spread(points: ng.Tensor) -> ng.Tensor:
    """The numbers of a unit vector have a variance of about one over its length."""
    return points * math.sqrt(points.shape[-1])


def _embedded(encoder: TextEncoder, picture: ng.Tensor) -> ng.Tensor:
    """The embeddings of pictures in [-1, 1], [batch, 1 or 3, size, size]."""
    module: Any = encoder.weights.module()
    size = module.config.image_size
    if tuple(picture.shape[2:]) != (size, size):
        sides = " x ".join(map(str, picture.shape[2:]))
        raise ng.NodeError(f"a picture of {sides} pixels: the CLIP knows {size} x {size}", "bring it to that size")
    found: ng.Tensor = module.embed_image(picture.expand(-1, 3, -1, -1).to(module.logit_scale))
    return found.float()


@ng.hookimpl
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The nodes of this file."""
    return [embed, encoder, condition, latent, points]
