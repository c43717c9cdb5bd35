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
