"""Every stochastic sampler draws the law of the data at 1,000 steps, by its energy distance from exact draws."""

from __future__ import annotations

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes.samplers.ancestral import dpm2_ancestral, dpmpp_2s_ancestral, euler_ancestral
from noisegraph.nodes.samplers.ddim import ddim, ddpm
from noisegraph.nodes.samplers.dpm2 import dpm2
from noisegraph.nodes.samplers.edm import euler, heun
from noisegraph.nodes.samplers.in_time import heun_in_time
from noisegraph.nodes.samplers.langevin import annealed_langevin
from noisegraph.nodes.samplers.restart import restart
from noisegraph.nodes.samplers.sde import euler_maruyama, predictor_corrector, reverse_diffusion
from noisegraph.testing.mixture import Mixture, three_clusters
from noisegraph.testing.trial import energy_distance, many

POINTS, BATCHES = 8_000, 2
STEPS = 1000
FAR = 2e-3
"""Two samples of the data itself are about 5e-4 apart."""
SAMPLERS = {
    "ddpm": ddpm(),
    "ddpm large": ddpm(variance="large"),
    "ddim eta 1": ddim(eta=1.0),
    "euler churn": euler(churn=40.0),
    "heun churn": heun(churn=40.0),
    "dpm2 churn": dpm2(churn=40.0),
    "heun_in_time churn": heun_in_time(churn=40.0),
    "euler_ancestral": euler_ancestral(),
    "dpm2_ancestral": dpm2_ancestral(),
    "dpmpp_2s_ancestral": dpmpp_2s_ancestral(),
    "reverse_diffusion": reverse_diffusion(),
    "reverse_diffusion half": reverse_diffusion(randomness=0.5),
    "euler_maruyama": euler_maruyama(),
    "predictor_corrector": predictor_corrector(),
    "predictor_corrector annealed": predictor_corrector(corrector="annealed"),
    "predictor_corrector ancestral": predictor_corrector(predictor="ancestral"),
    "annealed_langevin": annealed_langevin(updates=2, rate=0.05),
    "restart": restart(),
}


def even(steps: int, process: ng.Process, most: float = 80.0) -> ng.Levels:
    """From sigma / alpha at most down to 0.01, even in its logarithm."""
    ratios = [most * (0.01 / most) ** (index / steps) for index in range(steps + 1)]
    return ng.Levels(tuple(ng.at_ratio(process, ratio) for ratio in ratios), process)


def noised(model: Mixture, level: ng.Level, points: int) -> torch.Tensor:
    """Exact draws at a level."""
    noise = torch.randn(points, model.dimensions, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    return level.alpha * model.sample(points, seed=4) + level.sigma * noise


def distance(found: torch.Tensor, model: Mixture) -> float:
    """The mean energy distance of batches from exact draws."""
    exact = model.sample(POINTS, seed=6)
    batches = zip(found.chunk(BATCHES), exact.chunk(BATCHES), strict=True)
    return sum(energy_distance(*pair) for pair in batches) / BATCHES


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLERS)
def test_a_stochastic_sampler_draws_the_law_of_the_data(name: str) -> None:
    model, process = three_clusters(), ng.ContinuousVP()
    levels = even(STEPS, process)
    found = many(SAMPLERS[name], model.denoiser(), noised(model, levels[0], POINTS), levels)
    assert distance(found / levels[STEPS].alpha, model) < FAR


def test_the_distance_tells_a_law_that_is_a_little_off() -> None:
    model = three_clusters()
    assert abs(distance(model.sample(POINTS, seed=9), model)) < FAR
    assert distance(1.07 * model.sample(POINTS, seed=9), model) > FAR
