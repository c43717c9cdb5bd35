"""Score-matching objectives as nodes: how well a denoiser knows the score, level by level."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, NamedTuple

import noisegraph as ng
from pydantic import Field

Seed = Annotated[int, Field(ge=0, lt=2**63)]
At = Callable[[ng.Level, ng.Tensor], ng.Tensor]
"""The objective of every image at a level, from that and unit noise."""


class Losses(NamedTuple):
    """An objective of every image at every level that is not clean, times sigma^2."""

    each: ng.Tensor
    """[batch, levels], from noise to data."""
    mean: ng.Tensor
    """The mean over all of them, a single number."""


@ng.node
def explicit(
    denoiser: ng.Denoiser, exact: ng.Denoiser, data: ng.Latent, levels: ng.Levels, *, seed: Seed | list[Seed] = 0
) -> ng.Loop[Losses]:
    """Explicit score matching (Hyvärinen 2005): the distance from a score that is known, such as a mixture's.

    exact: the denoiser whose score is the true one.
    data: brought forward to each level by noise of the seed.
    seed: image i has seed + i, or give a list with one seed an image.
    """

    def at(level: ng.Level, noise: ng.Tensor) -> ng.Tensor:
        x = ng.noised(data, noise, level)
        return ng.explicit_score_matching(denoiser, ng.score(exact, x, level), x, level)

    return _over(levels, data, seed, at)


@ng.node
def denoising(
    denoiser: ng.Denoiser, data: ng.Latent, levels: ng.Levels, *, seed: Seed | list[Seed] = 0
) -> ng.Loop[Losses]:
    """Denoising score matching (Vincent 2011): half the squared error of the predicted noise.

    data: brought forward to each level by noise of the seed.
    seed: image i has seed + i, or give a list with one seed an image.
    """
    return _over(levels, data, seed, lambda level, noise: ng.denoising_score_matching(denoiser, data, noise, level))


@ng.node
def sliced(
    denoiser: ng.Denoiser,
    data: ng.Latent,
    levels: ng.Levels,
    *,
    slices: Annotated[int, Field(ge=1, le=10_000)] = 1,
    seed: Seed | list[Seed] = 0,
) -> ng.Loop[Losses]:
    """Sliced score matching (Song et al. 2019): needs neither the true score nor the noise that was added.

    data: brought forward to each level by noise of the seed.
    slices: how many random directions are averaged; each costs a backward pass.
    seed: of the noise and the directions; image i has seed + i, or give a list with one seed an image.
    """

    def at(level: ng.Level, noise: ng.Tensor) -> ng.Tensor:
        import torch

        seeds = ng.seeds_from(seed, len(data))
        along = torch.stack([ng.normal(seeds, data, "slice", draw=index) for index in range(slices)])
        return ng.sliced_score_matching(denoiser, ng.noised(data, noise, level), level, along)

    return _over(levels, data, seed, at)


def _over(levels: ng.Levels, data: ng.Latent, seed: int | list[int], at: At) -> ng.Loop[Losses]:
    """A loop over the levels that are not clean."""
    noisy = [level for level in levels if level.sigma > 0]
    if not noisy:
        raise ng.NodeError("every level is clean", "score matching wants levels with noise")

    def step(state: Losses, index: int) -> Losses:
        import torch

        level = noisy[index]
        noise = ng.normal(ng.seeds_from(seed, len(data)), data, "objective", index)
        with torch.no_grad():
            found = level.sigma**2 * at(level, noise)
        each = torch.cat([state.each, found[:, None]], 1)
        return Losses(each, each.mean())

    return ng.Loop(
        lambda: Losses(data.new_zeros(len(data), 0), data.new_zeros(())), step, len(noisy), lambda state: state
    )


@ng.hookimpl
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The nodes of this file."""
    return [explicit, denoising, sliced]
