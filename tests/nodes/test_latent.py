"""Interpolation between latents turns from one to the other at an even pace and keeps the length of noise."""

from __future__ import annotations

import math

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes import latent


def test_the_way_is_an_arc_at_an_even_pace() -> None:
    first, second = (ng.Latent(torch.tensor([ends])) for ends in ([[2.0, 0.0]], [[0.0, 2.0]]))
    found = latent.slerp(first, second, count=4)
    angles = [0, math.pi / 6, math.pi / 3, math.pi / 2]
    exact = torch.tensor([[[2 * math.cos(angle), 2 * math.sin(angle)]] for angle in angles])
    torch.testing.assert_close(found, exact)


def test_each_pair_has_its_own_way_and_the_ends_are_the_latents_themselves() -> None:
    first, second = (latent.noise(ng.Shape((4, 8, 8)), seed=seed, batch=3) for seed in (1, 100))
    found = latent.slerp(first, second, count=5).reshape(3, 5, 4, 8, 8)
    torch.testing.assert_close(found[:, 0], first)
    torch.testing.assert_close(found[:, -1], second)
    assert bool(((found.std(dim=(2, 3, 4)) - 1).abs() < 0.15).all())


def test_equal_latents_stay_as_they_are_and_other_shapes_are_refused() -> None:
    one = latent.noise(ng.Shape((2, 2)), batch=1)
    torch.testing.assert_close(latent.slerp(one, one, count=3), one.expand(3, 2, 2))
    with pytest.raises(ng.NodeError, match=r"\(1, 2, 2\) and \(1, 3\)"):
        latent.slerp(one, ng.Latent(torch.ones(1, 3)))


def test_a_seed_can_stand_for_the_noise_that_torch_draws_for_it_on_a_cpu() -> None:
    """What ComfyUI and diffusers begin with, and a batch of ours with each of seed, seed + 1, ..."""
    drawn = latent.noise(ng.Shape((4, 8, 8)), seed=7, batch=2, rng="torch")
    for row, seed in zip(drawn, (7, 8), strict=True):
        assert torch.equal(row, torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(seed))[0])


def test_a_seed_can_stand_for_the_noise_that_torch_draws_for_it_on_a_card() -> None:
    """As torch 1.12 and later print torch.randn(3, 4, device="cuda") after torch.manual_seed(0)."""
    wanted = [
        [-0.92466259, -0.42534415, -2.6438457, 0.14518388],
        [-0.12086647, -0.57972564, -0.62285122, -0.32838709],
        [-1.07454231, -0.36314407, -1.67105067, 2.26550497],
    ]
    drawn = latent.noise(ng.Shape((3, 4)), seed=0, rng="cuda")
    torch.testing.assert_close(drawn[0], torch.tensor(wanted), rtol=0, atol=1e-6)
    large = latent.noise(ng.Shape((4, 64, 64)), seed=2**40 + 5, rng="cuda")
    assert abs(float(large.mean())) < 0.03
    assert abs(float(large.std()) - 1) < 0.03
    assert not torch.equal(large, latent.noise(ng.Shape((4, 64, 64)), seed=5, rng="cuda"))


def test_noise_on_a_picture_is_that_of_the_seed_as_well() -> None:
    process = ng.DiscreteVP()
    levels = ng.Levels((process.level(500), process.level(0)), process)
    given = ng.Latent(torch.zeros(1, 4, 8, 8))
    noisy = latent.noised(given, levels, seed=7, rng="torch")
    drawn = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(7))
    torch.testing.assert_close(noisy, drawn * levels[0].sigma)
