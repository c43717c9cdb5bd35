"""The state of a diffusion process as nodes: its shape, and the noise that sampling begins with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

import noisegraph as ng
from pydantic import Field

from .samplers.generators import Source, initial

Seed = Annotated[int, Field(ge=0, lt=2**63)]


def shape_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `latent.shape`."""
    return {"sizes": tuple(inputs["sizes"])} if isinstance(inputs.get("sizes"), tuple) else {}


def over_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `latent.over`; raises NodeError for sides that do not divide."""
    sizes, channels, factor = inputs["image"].get("sizes"), inputs.get("channels"), inputs.get("factor")
    if sizes is None or not isinstance(channels, int) or not isinstance(factor, int):
        return {}
    return {"sizes": _over(sizes, channels, factor)}


@ng.node(facts=over_facts)
def over(
    image: ng.Image,
    *,
    channels: Annotated[int, Field(ge=1, le=65536)] = 4,
    factor: Annotated[int, Field(ge=1, le=64)] = 1,
) -> ng.Shape:
    """The shape of a latent that lies over a picture, its places over squares of pixels.

    factor: sides of the squares: 1 for the x4 upscaler, whose latents are as large as the picture that it enlarges
    """
    return ng.Shape(_over(tuple(image.shape[1:]), channels, factor))


def _over(sizes: Sequence[int], channels: int, factor: int) -> tuple[int, ...]:
    _, height, width = sizes
    if height % factor or width % factor:
        raise ng.NodeError(f"a picture of {height} x {width} pixels", f"crop it to multiples of {factor}")
    return (channels, height // factor, width // factor)


def noise_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `latent.noise`: it is like what it is made like, one item a seed."""
    like, seed, batch = inputs.get("like", {}), inputs.get("seed"), inputs.get("batch")
    count = len(seed) if isinstance(seed, list) else like.get("batch", batch)
    return {**like, "batch": count} if isinstance(count, int) else dict(like)


@ng.node(early=True, facts=shape_facts)
def shape(*, sizes: Annotated[tuple[Annotated[int, Field(ge=1, le=65536)], ...], Field(min_length=1)]) -> ng.Shape:
    """The sizes of one latent, without the batch: [channels, height, width]."""
    return ng.Shape(sizes)


@ng.node(facts=noise_facts)
def noise(
    like: ng.Shape | ng.Latent,
    levels: ng.Levels | None = None,
    *,
    seed: Seed | list[Seed] = 0,
    batch: Annotated[int, Field(ge=1, le=4096)] = 1,
    rng: Source = "noisegraph",
) -> ng.Latent:
    """Normal noise to begin from, one seed an image.

    like: the shape of one latent, or a latent whose shape and batch are taken.
    levels: for processes whose variance grows (EDM, VE): scale to the first level's sigma.
    seed: image i has seed + i, or give a list with one seed an image.
    rng: whose noise a seed stands for: torch's on a CPU is ComfyUI's and diffusers', torch's on a card is A1111's.
    """
    import torch

    count = len(seed) if isinstance(seed, list) else batch
    empty = torch.empty((count, *like.sizes), device=ng.device()) if isinstance(like, ng.Shape) else like
    if isinstance(seed, list) and len(seed) != len(empty):
        raise ng.NodeError(f"{len(seed)} seeds for a batch of {len(empty)}", "give one seed an image")
    drawn = initial(rng, ng.seeds_from(seed, len(empty)), empty)
    return ng.Latent(drawn * _scale(levels[0]) if levels is not None else drawn)


@ng.node
def noised(
    latent: ng.Latent, levels: ng.Levels, *, seed: Seed | list[Seed] = 0, rng: Source = "noisegraph"
) -> ng.Latent:
    """Data brought forward to the first level, alpha x + sigma noise: where image to image begins.

    seed: image i has seed + i, or give a list with one seed an image.
    rng: whose noise a seed stands for: torch's on a CPU is ComfyUI's and diffusers', torch's on a card is A1111's.
    """
    if isinstance(seed, list) and len(seed) != len(latent):
        raise ng.NodeError(f"{len(seed)} seeds for a batch of {len(latent)}", "give one seed an image")
    drawn = initial(rng, ng.seeds_from(seed, len(latent)), latent)
    return ng.Latent(ng.noised(latent, drawn, levels[0]))


def resize_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `latent.resize`."""
    latent, factor = inputs["latent"], inputs.get("factor")
    if "sizes" not in latent or not isinstance(factor, float):
        return {name: fact for name, fact in latent.items() if name != "sizes"}
    channels, *sides = latent["sizes"]
    return {**latent, "sizes": (channels, *_scaled(sides, factor))}


@ng.node(facts=resize_facts)
def resize(
    latent: ng.Latent,
    *,
    factor: Annotated[float, Field(gt=0, le=64)] = 2.0,
    method: Literal["nearest", "bilinear", "bicubic", "area"] = "bilinear",
) -> ng.Latent:
    """A latent [batch, channels, height, width] made larger or smaller, to be drawn on at its new size.

    factor: how many times as wide and high; sides are rounded to whole numbers
    method: what comes between is noise to a decoder, and wants to be drawn over, from about half of the steps on
    """
    from torch.nn import functional

    if latent.dim() != 4:
        raise ng.NodeError(f"a latent of {tuple(latent.shape)}", "wanted channels, height and width")
    size = _scaled(latent.shape[2:], factor)
    return ng.Latent(functional.interpolate(latent, size, mode=method))


def _scaled(sides: Sequence[int], factor: float) -> tuple[int, ...]:
    return tuple(max(1, round(side * factor)) for side in sides)


def slerp_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `latent.slerp`; raises NodeError where the two are not of one model."""
    ng.agree("family", first=inputs["first"], second=inputs["second"])
    return {name: fact for name, fact in inputs["first"].items() if name != "batch"}


@ng.node(facts=slerp_facts)
def slerp(first: ng.Latent, second: ng.Latent, *, count: Annotated[int, Field(ge=2, le=1000)] = 8) -> ng.Latent:
    """Spherical interpolation from one batch of noise to another (Song, Meng & Ermon 2021, appendix D.5).

    count: latents on the way from each image of the first to that of the second, ends included; they follow one
        another, so that a sheet of `count` columns has a row for each pair.
    """
    import torch

    if first.shape != second.shape:
        raise ng.NodeError(f"latents of {tuple(first.shape)} and {tuple(second.shape)}", "give two of one shape")
    one, other = (latent.flatten(1).double() for latent in (first, second))
    angle = torch.acos(torch.cosine_similarity(one, other).clamp(-1, 1))[:, None, None]
    share = torch.linspace(0, 1, count, dtype=torch.float64, device=first.device)[None, :, None]
    straight = angle.sin().abs() < 1e-6  # the same direction, or opposite ones: no plane to turn in
    divisor = angle.sin().where(~straight, 1)
    toward = (share * angle).sin().div(divisor).where(~straight, share)
    away = ((1 - share) * angle).sin().div(divisor).where(~straight, 1 - share)
    between = away * one[:, None] + toward * other[:, None]
    return ng.Latent(between.to(first.dtype).reshape(-1, *first.shape[1:]))


def _scale(level: ng.Level) -> float:
    """1 where alpha^2 + sigma^2 = 1, as variance-preserving samplers begin with a unit normal at any index."""
    preserving = abs(level.alpha**2 + level.sigma**2 - 1) < 1e-9
    return 1.0 if preserving else level.sigma


@ng.hookimpl
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The nodes of this file."""
    return [shape, over, noise, noised, resize, slerp]
