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


def embed_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of embeddings of pictures: in whose space they are."""
    return {name: fact for name, fact in inputs["encoder"].items() if name == "words"}


@ng.node(facts=embed_facts)
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


def condition_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `vision.condition`; raises NodeError where its two inputs are of two encoders."""
    points, words = (inputs.get(port) or {} for port in ("points", "words"))
    ng.agree("words", points=points, words=words)
    return {**points, **words}


@ng.node(facts=condition_facts)
def condition(
    points: ng.Points | None = None,
    words: ng.Condition | None = None,
    *,
    dimensions: Annotated[int, Field(ge=1, le=65536)] = 128,
) -> ng.Condition:
    """Embeddings of pictures as a condition, for a network that draws a picture again (Ramesh et al. 2022).

    points: unit vectors; without them it is the empty condition, zero, for classifier-free guidance
    words: from text.encode, for a network that is told words as well: one text for all points, or one for each
    dimensions: of the empty condition
    """
    import torch

    found = torch.zeros(1, dimensions, device=ng.device()) if points is None else points
    return ng.Condition({**(words or {}), "vector": _spread(found)})


@ng.node
def latent(points: ng.Points) -> ng.Latent:
    """Unit vectors as data of about unit variance, which a prior learns to draw."""
    return ng.Latent(_spread(points))


@ng.node
def points(latent: ng.Latent) -> ng.Points:
    """What a prior has drawn as unit vectors again."""
    from torch.nn import functional

    return ng.Points(functional.normalize(latent, dim=-1))


@ng.node
def turned(
    points: ng.Points,
    before: ng.Points,
    after: ng.Points,
    *,
    most: Annotated[float, Field(ge=0, le=1)] = 0.5,
    count: Annotated[int, Field(ge=2, le=1000)] = 8,
) -> ng.Points:
    """Embeddings turned by the difference of two texts: text diffs (Ramesh et al. 2022, section 3.3).

    before: the embedding of a text that tells what the picture is.
    after: of one that tells what it should become.
    most: how far at the end, as a share of the way to the direction of the difference; the paper's is 0.25 to 0.5
    count: embeddings on the way from each point, which is the first of them
    """
    import torch
    from torch.nn import functional

    if torch.equal(before, after):
        raise ng.NodeError("two texts that do not differ turn nothing", "give another text: before, or after")
    toward = functional.normalize(after - before, dim=-1).expand_as(points)
    angle = torch.acos(torch.cosine_similarity(points, toward).clamp(-1, 1))[:, None, None]
    share = torch.linspace(0, most, count, device=points.device)[None, :, None]
    found = ((1 - share) * angle).sin() * points[:, None] + (share * angle).sin() * toward[:, None]
    return ng.Points(functional.normalize(found.flatten(0, 1), dim=-1))


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
    return [embed, encoder, condition, latent, points, turned]
