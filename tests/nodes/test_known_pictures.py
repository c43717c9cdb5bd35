"""Samplers and denoisers that keep to what is known: inpainting, RePaint, ILVR; and guidance with a memory."""

from __future__ import annotations

from collections.abc import Callable

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes.guidance.apg import Remembered, apg, apg_momentum
from noisegraph.nodes.guidance.cfg import cfg
from noisegraph.nodes.guidance.ilvr import ilvr, low_pass
from noisegraph.nodes.guidance.inpaint import inpaint
from noisegraph.nodes.guidance.repaint import replace, travel
from noisegraph.nodes.samplers.ddim import ddim, ddpm
from noisegraph.nodes.samplers.dpmpp import dpmpp_2m
from noisegraph.nodes.samplers.edm import heun
from noisegraph.nodes.samplers.walk import advance, walk
from noisegraph.store.codecs import decode, encode
from noisegraph.testing.mixture import Mixture, three_clusters
from torch import Tensor

PROCESS = ng.DiscreteVP("linear")
KEEP_FIRST = ng.Mask(torch.tensor([[0.0, 1.0]], dtype=torch.float64))


def levels(steps: int) -> ng.Levels:
    points = [PROCESS.level(round(999 - index * 999 / steps)) for index in range(steps)]
    return ng.Levels((*points, PROCESS.level(-1)), PROCESS)


def drawn(sampler: ng.Sampler, denoiser: ng.Denoiser, start: Tensor, along: ng.Levels, seed: int = 0) -> Tensor:
    return walk(sampler, denoiser, ng.Latent(start), along, seed).run()


def noise(count: int, *sizes: int) -> Tensor:
    return ng.normal(range(count), torch.empty(count, *sizes, dtype=torch.float64), "start")


@pytest.fixture
def model() -> Mixture:
    return three_clusters()


@pytest.mark.parametrize("make", [ddim, ddpm, heun, dpmpp_2m])
def test_what_is_known_is_kept_whoever_samples(make: Callable[[], ng.Sampler], model: Mixture) -> None:
    known, grid = ng.Latent(torch.full((8, 2), 0.4, dtype=torch.float64)), levels(12)
    by_data = drawn(make(), inpaint(model.denoiser(), known, KEEP_FIRST), noise(8, 2), grid)
    by_state = drawn(replace(make(), known, KEEP_FIRST), model.denoiser(), noise(8, 2), grid)
    for found in (by_data, by_state):
        torch.testing.assert_close(found[:, 0], known[:, 0])
        assert found[:, 1].std() > 0.01


def test_where_the_mask_is_1_nothing_is_replaced(model: Mixture) -> None:
    known, everywhere = ng.Latent(torch.zeros(4, 2, dtype=torch.float64)), ng.Mask(torch.ones(1, 2))
    plain = drawn(ddim(), model.denoiser(), noise(4, 2), levels(6))
    for sampler, denoiser in (
        (replace(ddim(), known, everywhere), model.denoiser()),
        (ddim(), inpaint(model.denoiser(), known, everywhere)),
    ):
        assert torch.equal(drawn(sampler, denoiser, noise(4, 2), levels(6)), plain)


def test_travel_jumps_as_repaints_schedule_does() -> None:
    """The schedule of the authors' code for t_T = 12, jump_length = 3, jump_n_sample = 2, counted in t from noise."""
    times, t, jumps = [12], 12, dict.fromkeys(range(0, 12 - 3, 3), 1)
    times = []
    while t >= 1:
        t -= 1
        times.append(t)
        if jumps.get(t, 0) > 0:
            jumps[t] -= 1
            for _ in range(3):
                t += 1
                times.append(t)
    grid = levels(12)
    travelled = travel(grid, length=3, times=2)
    assert [11 - grid.points.index(point) for point in travelled] == [*times, -1]
    assert travel(grid, length=3, times=1) == grid


@pytest.mark.parametrize("make", [ddpm, dpmpp_2m])
def test_a_resampling_walk_goes_on_from_any_step(make: Callable[[], ng.Sampler], model: Mixture) -> None:
    known = ng.Latent(torch.full((3, 2), 0.4, dtype=torch.float64))
    sampler, grid = replace(make(), known, KEEP_FIRST), travel(levels(6), length=2, times=2)
    loop = walk(sampler, model.denoiser(), ng.Latent(noise(3, 2)), grid, 5)
    states = [loop.start()]
    for index in range(loop.total):
        states.append(loop.step(states[-1], index))
    for index in reversed(range(loop.total)):
        again = advance(sampler, model.denoiser(), grid, 5, states[index], index)
        assert torch.equal(again.state.x, states[index + 1].state.x)


@pytest.mark.slow
def test_resampling_brings_inpainting_near_the_conditional_law() -> None:
    """Of a Gaussian, the law of one number given the other is known; replacement alone misses it."""
    correlated = Mixture.of([1.0], [[0.0, 0.0]], [[[0.5, 0.45], [0.45, 0.5]]])
    known = ng.Latent(torch.full((300, 2), 1.0, dtype=torch.float64))
    sampler, grid = replace(ddpm(), known, KEEP_FIRST), levels(60)
    errors = []
    for times in (1, 10):
        found = drawn(sampler, correlated.denoiser(), noise(300, 2), travel(grid, length=1, times=times))[:, 1]
        errors.append(abs(float(found.mean()) - 0.9))
    assert errors[1] < 0.09
    assert errors[1] < errors[0] / 3


def test_a_reference_gives_its_low_frequencies(model: Mixture) -> None:
    reference = ng.Latent(noise(2, 3, 16, 16).cumsum(-1).cumsum(-2) / 50)
    denoiser: ng.Denoiser = lambda x, level: level.alpha * x / (level.alpha**2 + level.sigma**2)  # noqa: E731
    start, grid = noise(2, 3, 16, 16), levels(8)
    plain = drawn(ddim(), denoiser, start, grid)
    guided = drawn(ilvr(ddim(), reference, factor=4), denoiser, start, grid)
    far, near = (float((low_pass(x - reference, 4)).square().mean()) for x in (plain, guided))
    assert near < far / 10
    torch.testing.assert_close(drawn(ilvr(ddim(), reference, factor=1), denoiser, start, grid), reference)
    assert torch.equal(drawn(ilvr(ddim(), reference, until=1e9), denoiser, start, grid), plain)


def test_low_frequencies_are_linear_and_keep_what_is_flat() -> None:
    x, y = noise(2, 1, 12, 12), torch.full((2, 1, 12, 12), 0.7, dtype=torch.float64)
    torch.testing.assert_close(low_pass(x - y, 3), low_pass(x, 3) - low_pass(y, 3))
    torch.testing.assert_close(low_pass(y, 3), y)


@pytest.mark.parametrize("make", [ddim, heun, dpmpp_2m])
def test_momentum_of_nothing_is_plain_projected_guidance(make: Callable[[], ng.Sampler], model: Mixture) -> None:
    guided = apg(model.denoiser(0), model.denoiser(1), scale=2.0, eta=0.5)
    plain = drawn(make(), guided, noise(4, 2), levels(8))
    assert torch.equal(drawn(apg_momentum(make(), beta=0.0), guided, noise(4, 2), levels(8)), plain)


def test_momentum_adds_the_earlier_directions(model: Mixture) -> None:
    """With all of the direction and no limit, its step is guidance by the average of the differences so far."""
    positive, negative = model.denoiser(0), model.denoiser(1)
    guided, grid = apg(positive, negative, scale=3.0, eta=1.0, norm=0.0), levels(4)
    loop = walk(apg_momentum(ddim(), beta=-0.5), guided, ng.Latent(noise(4, 2)), grid, 0)
    state, average, x = loop.start(), torch.zeros(4, 2, dtype=torch.float64), noise(4, 2)
    for index in range(loop.total):
        stored = encode(state)
        assert stored is not None
        assert torch.equal(loop.step(decode(stored), index).state.x, loop.step(state, index).state.x)
        here, there = grid[index], grid[index + 1]
        average = positive(x, here) - negative(x, here) - 0.5 * average
        x0 = positive(x, here) + 2.0 * average
        x = there.alpha * x0 + there.sigma * ng.to_eps(x0, x, here)
        state = loop.step(state, index)
        remembered: Remembered = state.state
        torch.testing.assert_close(remembered.x, x)


def test_momentum_wants_guidance_that_has_it(model: Mixture) -> None:
    with pytest.raises(ng.NodeError, match=r"guide\.apg"):
        drawn(apg_momentum(ddim()), cfg(model.denoiser(0), model.denoiser()), noise(2, 2), levels(3))
