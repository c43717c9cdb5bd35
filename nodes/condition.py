"""What networks are told beside the state, made of several things: words and a mask, words and their embedding."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import noisegraph as ng
from pydantic import Field

from .guidance.compose import sized
from .prompts.known import said
from .text import Prompt, TextEncoder, embed, encode

Seed = Annotated[int, Field(ge=0, lt=2**63)]
Strength = Annotated[int, Field(ge=0, le=1000)]
Box = Annotated[list[Annotated[int, Field(ge=0, le=65536)]], Field(min_length=5, max_length=5)]
Cells = Annotated[int, Field(ge=1, le=65536)]


def inpainting_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `condition.inpainting`: its words, and how many channels it brings beside the latent."""
    sizes = inputs["known"].get("sizes")
    return {} if sizes is None else {**inputs["words"], "beside": 1 + sizes[0]}


@ng.node(facts=inpainting_facts)
def inpainting(words: ng.Condition, known: ng.Latent, mask: ng.Mask) -> ng.Condition:
    """For a network that fills in what is masked: the words, the mask, and the latent around it.

    words: from text.encode
    known: the latent to keep, in the model's own space
    mask: 1 where is to be drawn; of the latent's size, or the picture's
    """
    import torch

    drawn = (sized(mask, known) > 0).to(known)
    count = max(len(drawn), len(known))
    around = torch.cat([drawn.expand(count, -1, -1, -1), (known * (1 - drawn)).expand(count, -1, -1, -1)], dim=1)
    return ng.Condition({**words, "concat": around})


@ng.node(facts=said)
def prior(encoder: TextEncoder, *, prompt: Prompt = "") -> ng.Condition:
    """Words for a prior: the states of the text, and its embedding (Ramesh et al. 2022, section 2.2).

    prompt: the words, or a list with one an image
    """
    vector = embed(encoder, prompt=prompt)
    return ng.Condition({**encode(encoder, prompt=prompt), "vector": vector * math.sqrt(vector.shape[-1])})


@ng.node
def beside(latent: ng.Latent) -> ng.Condition:
    """A latent that stands beside the state, for a network that draws from another picture (Rombach et al. 2022, 4.3).

    latent: of the state's size; zeros are the empty condition
    """
    return ng.Condition({"concat": latent})


@ng.node
def layout(
    *,
    boxes: Annotated[list[list[Box]], Field(min_length=1)] = [[]],  # noqa: B006 (it comes from JSON, and is not changed)
    classes: Annotated[int, Field(ge=1, le=65536)] = 10,
    height: Cells = 8,
    width: Cells = 8,
) -> ng.Condition:
    """What is to stand where, for a network that draws from a layout (Rombach et al. 2022, section 4.3).

    boxes: for every picture a list of [class, top, left, height, width], in cells; the empty list says nothing
    classes: how many the network knows
    height: of a layout, in cells; that of the latent
    width: of a layout, in cells; that of the latent
    """
    import torch

    found = torch.zeros(len(boxes), classes, height, width, device=ng.device())
    for picture, given in zip(found, boxes, strict=True):
        for kind, top, left, high, wide in given:
            if kind >= classes or top + high > height or left + wide > width:
                told = f"a box {[kind, top, left, high, wide]} in {classes} layers of {height} x {width} cells"
                raise ng.NodeError(told, "write [class, top, left, height, width] within them")
            picture[kind, top : top + high, left : left + wide] = 1
    return ng.Condition({"concat": found})


@ng.node
def upsampling(
    image: ng.Image,
    process: ng.Process,
    *,
    strength: Strength = 0,
    strengths: Annotated[int, Field(ge=1, le=1000)] = 10,
    noisiest: Annotated[float, Field(ge=0, le=1)] = 0.5,
    seed: Seed | list[Seed] = 0,
) -> ng.Condition:
    """A smaller picture for super-resolution, noised on purpose: conditioning augmentation (Ho et al. 2022, section 4).

    image: of half the size, with as many channels as the network draws
    strength: of the noise, which the network is told; 0 is none
    strengths: how many the network knows
    noisiest: the strongest, as a share of the process's time
    seed: of the noise; image i has seed + i, or give a list with one seed an image
    """
    if strength >= strengths:
        raise ng.NodeError(f"no strength {strength}", f"give 0 to {strengths - 1}")
    small = image * 2 - 1
    if strength:
        span = noisiest * (process.t_max - process.t_min) / (strengths - 1)
        level = process.level(process.t_min + strength * span)
        small = ng.noised(small, ng.normal(ng.seeds_from(seed, len(small)), small, "augmentation"), level)
    return truncated(ng.Latent(small), strength=strength)


@ng.node
def truncated(state: ng.Latent, *, strength: Strength = 0) -> ng.Condition:
    """A smaller picture's unfinished state for super-resolution: truncated augmentation (Ho et al. 2022, section 4.2).

    state: of a model of pixels whose sampling stopped at the level of that strength, [batch, channels, height, width]
    strength: which one, as the network counts them
    """
    import torch
    from torch.nn import functional

    wide = functional.interpolate(state, scale_factor=2, mode="bilinear")
    return ng.Condition({"concat": wide, "y": torch.full((len(wide),), strength, device=wide.device)})


@ng.hookimpl
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The nodes of this file."""
    return [inpainting, prior, beside, layout, upsampling, truncated]
