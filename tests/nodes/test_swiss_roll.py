"""The built-in network of a swiss roll beside the mixture whose draws it learned from."""

from __future__ import annotations

import noisegraph as ng
import torch
from noisegraph.nodes.models import shipped
from noisegraph.nodes.models.points import swiss_roll

from .drawing import node, walked

MADE = swiss_roll()
COUNT = 1000


ROLL: ng.Mixture = node("mixture.swiss_roll")()


def test_what_it_draws_is_as_near_to_the_roll_as_draws_of_the_roll_are() -> None:
    drawn = walked(MADE, node("sampler.ddpm")(), ng.Conditioned(MADE.unet), steps=100, batch=COUNT, seed=5)
    real, normal = ROLL.sample(COUNT, 3), ng.normal(range(COUNT), drawn, "test").double()
    assert ng.energy_distance(drawn.double(), real) < 0.005
    assert ng.energy_distance(normal, real) > 0.1
    near = (torch.cdist(drawn.double(), ROLL.sample(20000, 4)).min(1).values < 0.05).float().mean()
    assert near > 0.85


def test_it_knows_the_noise_as_the_exact_denoiser_does() -> None:
    clean = ROLL.sample(500, 6).float()
    for ratio, most in ((0.3, 0.15), (1.0, 0.1)):
        level = ng.at_ratio(MADE.process, ratio)
        x = ng.noised(clean, ng.normal(range(500), clean, "test"), level)
        with torch.no_grad():
            found, exact = ng.eps(ng.Conditioned(MADE.unet), x, level), ng.eps(ROLL.denoiser(), x, level)
        assert (found - exact).square().mean() / exact.square().mean() < most


def test_its_weights_are_small_and_the_card_names_the_graph() -> None:
    assert (shipped.WEIGHTS / "swiss-roll.safetensors").stat().st_size < 200_000
    assert (shipped.WEIGHTS.parents[1] / shipped.read_card("swiss-roll")["graph"]).exists()
