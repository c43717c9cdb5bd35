"""How far samplers are from exact answers, how good what models draw is: numbers to compare."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal, NamedTuple

import noisegraph as ng
from pydantic import Field

from .evaluation import answers, distributions
from .evaluation.bootstrap import Estimate
from .plots.curve import Curve
from .samplers.walk import walk

Seed = Annotated[int, Field(ge=0, lt=2**63)]
Halvings = Annotated[int, Field(ge=0, le=16)]
Over = Literal["evaluations", "steps"]
EXACT = 1000
"""In so many steps of Runge and Kutta's method the flow is exact to 1e-9."""
NEARLY_CLEAN = 1e-5
"""The sigma / alpha at which the exact flow to clean data ends; what is left of the way is of its square."""


class Sought(NamedTuple):
    """Where the walks begin, where they should end, and the x and y of every walk so far."""

    start: ng.Tensor
    exact: ng.Tensor
    x: tuple[float, ...] = ()
    y: tuple[float, ...] = ()


@ng.node
def errors(
    samplers: list[ng.Sampler],
    mixture: ng.Mixture,
    start: ng.Latent,
    levels: ng.Levels,
    *,
    halvings: Halvings = 5,
    over: Over = "evaluations",
    seed: Seed | list[Seed] = 0,
) -> ng.Loop[list[Curve]]:
    """How far samplers end from the exact probability flow, over how often they asked: a curve a sampler.

    The walks are in float64; an error is the mean distance over the batch. Where the last level is clean data, so is
    what the samplers are compared with.

    start: the noise at the first level, [batch, dimensions].
    levels: the finest grid; the coarser ones leave out every second of its noisy levels, again and again.
    halvings: how often, as long as the number of steps can be halved.
    over: evaluations of the denoiser, or steps.
    seed: of the noise that steps draw, if they do.
    """
    here, there = levels[0], levels[-1]

    def begin() -> Sought:
        first = start.detach().cpu().double()
        end = there if there.sigma > 0 else ng.Level(0.0, 1.0, NEARLY_CLEAN)
        return Sought(first, mixture.flow(first, here, end, steps=EXACT))

    def distance(found: ng.Tensor, exact: ng.Tensor) -> float:
        return float((found - exact).norm(dim=1).mean())

    return _compared(samplers, mixture, _thinned(levels, halvings), begin, distance, over, seed)


@ng.node
def distances(
    samplers: list[ng.Sampler],
    mixture: ng.Mixture,
    levels: ng.Levels,
    *,
    count: Annotated[int, Field(ge=2, le=20_000)] = 1000,
    halvings: Halvings = 5,
    over: Over = "evaluations",
    seed: Seed = 0,
) -> ng.Loop[list[Curve]]:
    """How far the law that samplers draw is from the data's, over how often they asked: a curve a sampler.

    Measured by the energy distance (Szekely 2003) of `count` points, which begin as exact draws at the first level,
    from as many exact draws of the data. Where the laws are the same it is of the size 1 / count, of either sign.

    levels: the finest grid; the coarser ones leave out every second of its noisy levels, again and again.
    halvings: how often, as long as the number of steps can be halved.
    over: evaluations of the denoiser, or steps.
    seed: of the exact draws and of the noise; point i has seed + i.
    """
    here, there = levels[0], levels[-1]

    def begin() -> Sought:
        clean = mixture.sample(count, seed)
        noise = ng.normal(ng.seeds_from(seed, count), clean, "initial")
        return Sought(ng.noised(clean, noise, here), there.alpha * mixture.sample(count, seed + 1))

    return _compared(samplers, mixture, _thinned(levels, halvings), begin, ng.energy_distance, over, seed)


def _thinned(levels: ng.Levels, halvings: int) -> list[ng.Levels]:
    """The grid and coarser ones with its ends, from the coarsest on; a step to clean data stays as it is."""
    noisy = [level for level in levels if level.sigma > 0]
    clean, steps = levels.points[len(noisy) :], len(noisy) - 1
    strides = [2**times for times in range(halvings + 1) if steps % 2**times == 0 and steps >= 2**times]
    return [ng.Levels((*noisy[::stride], *clean), levels.process) for stride in reversed(strides)]


def _compared(
    samplers: Sequence[ng.Sampler],
    mixture: ng.Mixture,
    grids: Sequence[ng.Levels],
    begin: Callable[[], Sought],
    distance: Callable[[ng.Tensor, ng.Tensor], float],
    over: Over,
    seed: int | list[int],
) -> ng.Loop[list[Curve]]:
    """The loop over all samplers, and over all grids for each of them."""

    def step(state: Sought, index: int) -> Sought:
        sampler, grid = samplers[index // len(grids)], grids[index % len(grids)]
        asked = Counted(mixture.denoiser())
        found = walk(sampler, asked, ng.Latent(state.start), grid, seed).run()
        x = float(asked.times if over == "evaluations" else grid.steps)
        return state._replace(x=(*state.x, x), y=(*state.y, distance(found, state.exact)))

    def finish(state: Sought) -> list[Curve]:
        firsts = range(0, len(state.x), len(grids))
        return [Curve(state.x[first : first + len(grids)], state.y[first : first + len(grids)]) for first in firsts]

    return ng.Loop(begin, step, len(samplers) * len(grids), finish)


class Counted:
    """A denoiser that counts how often it is asked."""

    def __init__(self, denoiser: ng.Denoiser) -> None:
        self.denoiser = denoiser
        self.times = 0

    def __call__(self, x: ng.Tensor, level: ng.Level) -> ng.Tensor:
        self.times += 1
        return self.denoiser(x, level)


@ng.node
def grid(levels: ng.Levels, *, of: Literal["sigma", "log_snr", "time"] = "sigma") -> Curve:
    """The levels of a grid over its steps; clean data, whose sigma / alpha is 0, is left out.

    of: sigma / alpha, log-SNR, or the process's time.
    """
    value = {"sigma": lambda level: level.ratio, "log_snr": lambda level: level.log_snr, "time": lambda level: level.t}
    noisy = [(float(index), value[of](level)) for index, level in enumerate(levels) if level.sigma > 0]
    return Curve(*zip(*noisy, strict=True))


@ng.node
def shares(mixture: ng.Mixture, points: ng.Tensor | ng.Latent | ng.Points) -> ng.Tensor:
    """Which share of the points is of each Gaussian of a mixture, by the mean of the exact posterior: [components]."""
    return mixture.class_log_probabilities(points).exp().mean(0)


@ng.node
def by_level(values: ng.Tensor, levels: ng.Levels) -> Curve:
    """The mean of an objective at each noisy level, over the process's time.

    values: [batch, noisy levels], from noise to data, as the nodes of `objective` give them.
    """
    noisy = [level.t for level in levels if level.sigma > 0]
    if values.shape[1] != len(noisy):
        raise ng.NodeError(f"{values.shape[1]} values for {len(noisy)} noisy levels", "wire the levels they are of")
    return Curve(tuple(noisy), tuple(values.mean(0).tolist()))


@ng.node
def curve(values: list[Estimate | ng.Tensor], *, x: Annotated[tuple[float, ...], Field(min_length=1)]) -> Curve:
    """Single numbers as a curve.

    values: one number each, such as a distance; estimates keep their intervals.
    x: where each stands.
    """
    if len(values) != len(x):
        raise ng.NodeError(f"{len(values)} values at {len(x)} places", "give as many x as values")
    found = tuple(float(one.value if isinstance(one, Estimate) else one) for one in values)
    estimates = [one for one in values if isinstance(one, Estimate)]
    if len(estimates) < len(values):
        return Curve(x, found)
    return Curve(x, found, tuple(one.low for one in estimates), tuple(one.high for one in estimates))


@ng.node
def joined(first: list[Curve], second: list[Curve]) -> list[Curve]:
    """The curves of two measurements, for one plot."""
    return [*first, *second]


@ng.node
def pairs(x: ng.Tensor, y: ng.Tensor) -> Curve:
    """One value over another, to plot as dots: item by item of two tensors of one size."""
    if x.shape != y.shape:
        raise ng.NodeError(f"pairs of {tuple(x.shape)} and {tuple(y.shape)}", "give two of one size")
    return Curve(tuple(x.flatten().tolist()), tuple(y.flatten().tolist()))


@ng.node
def difference(found: ng.Tensor, exact: ng.Tensor) -> ng.Tensor:
    """found - exact, item by item."""
    if found.shape != exact.shape:
        raise ng.NodeError(f"the difference of {tuple(found.shape)} and {tuple(exact.shape)}", "give two of one size")
    return found - exact


@ng.node
def size(values: ng.Tensor | ng.Latent) -> ng.Tensor:
    """The root of the mean of the squares: of a difference, how large it is."""
    return values.square().mean().sqrt()


@ng.hookimpl
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The nodes of this file."""
    own: list[Callable[..., Any]] = [errors, distances, grid, shares, by_level, curve, joined, pairs, difference, size]
    return [*own, *distributions.NODES, *answers.NODES]
