"""Samplers as nodes, and the node that walks the levels with one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

import noisegraph as ng
from pydantic import Field

from .checkpoints.first_stage import Autoencoder, check_half
from .pictures import parameters
from .samplers import (
    ancestral,
    ddim,
    deis,
    dpm2,
    dpm_adaptive,
    dpm_fast,
    dpm_multistep,
    dpm_singlestep,
    dpmpp,
    dpmpp_sde,
    edm,
    in_time,
    inversion,
    langevin,
    lcm,
    lms,
    named,
    pndm,
    restart,
    rk45,
    sde,
    unipc,
)
from .samplers.preview import Preview, picture
from .samplers.trajectory import Trajectory, kept
from .samplers.trajectory import predictions as predicted
from .samplers.walk import Stepped, walk, walk_one

Seed = Annotated[int, Field(ge=0, lt=2**63)]
FAMILIES = (
    ancestral,
    ddim,
    deis,
    dpm2,
    dpm_adaptive,
    dpm_fast,
    dpm_multistep,
    dpm_singlestep,
    dpmpp,
    dpmpp_sde,
    edm,
    in_time,
    inversion,
    langevin,
    lcm,
    lms,
    named,
    pndm,
    restart,
    rk45,
    sde,
    unipc,
)
"""Modules whose NODES are samplers."""


def sample_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `sampler.sample`; raises NodeError where denoiser and noise are not of one model."""
    denoiser, noise = inputs["denoiser"], inputs["noise"]
    ng.agree("family", denoiser=denoiser, noise=noise)
    ng.agree("sizes", denoiser=denoiser, noise=noise)
    return {**denoiser, **noise}


@ng.node(early=True, facts=sample_facts)
def sample(
    sampler: ng.Sampler,
    denoiser: ng.Denoiser,
    noise: ng.Latent,
    levels: ng.Levels,
    preview: Preview | None = None,
    *,
    seed: Seed | list[Seed] = 0,
) -> ng.Loop[ng.Latent]:
    """Walk the levels from noise to data, a step at a time.

    noise: where to begin: at the first level, its noise scaled as the process wants it.
    preview: how the steps of latents are shown while they go by; without one, by their first channels.
    seed: of the noise that steps draw; image i has seed + i, or give a list with one seed an image.
    """
    return walk(sampler, denoiser, noise, levels, seed, picture if preview is None else preview)


@ng.node(early=True)
def preview(vae: Autoencoder | None = None, *, colours: Literal["sd", "sdxl"] = "sd") -> Preview:
    """How the steps of latents are shown: by a tiny autoencoder, or without one by the colours that they stand for.

    vae: a tiny autoencoder from vae.load; a large one would take longer than the steps
    colours: whose latents they are: Stable Diffusion's (1 and 2) or Stable Diffusion XL's
    """
    if vae is not None:
        check_half(vae, "decoder")
    return Preview(vae, colours)


@ng.node(early=True, facts=sample_facts)
def trajectory(
    sampler: ng.Sampler, denoiser: ng.Denoiser, noise: ng.Latent, levels: ng.Levels, *, seed: Seed | list[Seed] = 0
) -> ng.Loop[Trajectory]:
    """As sampler.sample, but with the states of all steps, for plots of how points move.

    noise: where to begin: at the first level, its noise scaled as the process wants it.
    seed: of the noise that steps draw; image i has seed + i, or give a list with one seed an image.
    """
    return kept(walk(sampler, denoiser, noise, levels, seed), levels)


@ng.node
def predictions(
    denoiser: ng.Denoiser, trajectory: Trajectory, *, count: Annotated[int, Field(ge=1, le=1000)] = 10
) -> ng.Loop[ng.Latent]:
    """What a walk was heading for: the clean data predicted at some of its steps (Ho et al. 2020, figure 6).

    count: at how many, evenly spaced from the first level to the last; the predictions for one image follow one
        another, so that a sheet of `count` columns has a row for each image.
    """
    return predicted(denoiser, trajectory, count)


@ng.node
def step(
    sampler: ng.Sampler,
    denoiser: ng.Denoiser,
    levels: ng.Levels,
    noise: ng.Latent | None = None,
    before: Stepped | None = None,
    *,
    index: Annotated[int, Field(ge=0)] = 0,
    seed: Seed | list[Seed] = 0,
) -> Stepped:
    """One step of a sampler, for graphs that write every step out.

    noise: for the first step: where to begin.
    before: for a later step: the step before it.
    index: which step of the levels this is, counted from 0.
    seed: of the noise that the step draws, as in sampler.sample.
    """
    return walk_one(sampler, denoiser, levels, noise, before, index, seed)


@ng.hookimpl
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The nodes of this file, and the samplers of every family."""
    return [
        sample,
        preview,
        trajectory,
        predictions,
        step,
        *(sampler for family in FAMILIES for sampler in family.NODES),
    ]


@ng.hookimpl
def noisegraph_captions() -> Sequence[ng.Caption]:
    """How a picture was sampled, for other programs."""
    return [ng.Caption("parameters", parameters.written)]
