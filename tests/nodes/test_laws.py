"""Every stochastic sampler draws the law of the data at 1,000 steps: the energy distance of 20,000 samples tells."""

from __future__ import annotations

from functools import cache

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes.samplers.ancestral import dpm2_ancestral, dpmpp_2s_ancestral, euler_ancestral
from noisegraph.nodes.samplers.ddim import ddim, ddpm
from noisegraph.nodes.samplers.dpm2 import dpm2
from noisegraph.nodes.samplers.dpm_adaptive import dpm_adaptive
from noisegraph.nodes.samplers.dpm_fast import dpm_fast
from noisegraph.nodes.samplers.dpm_multistep import dpm_multistep
from noisegraph.nodes.samplers.dpm_singlestep import dpm_singlestep
from noisegraph.nodes.samplers.dpmpp import dpmpp_2m_sde, dpmpp_3m_sde
from noisegraph.nodes.samplers.dpmpp_sde import dpmpp_sde
from noisegraph.nodes.samplers.edm import euler, heun
from noisegraph.nodes.samplers.in_time import euler_in_time, heun_in_time
from noisegraph.nodes.samplers.langevin import annealed_langevin
from noisegraph.nodes.samplers.restart import restart
from noisegraph.nodes.samplers.sde import euler_maruyama, predictor_corrector, reverse_diffusion
from noisegraph.testing.mixture import Mixture, three_clusters
from noisegraph.testing.trial import energy_distance, many

from .test_contract_samplers import SAMPLERS as BUILT_IN

POINTS, STEPS = 20_000, 1000
FAR = 5e-4
"""Two samples of the data itself are 0 apart, give or take 1.7e-4 (measured on twelve pairs)."""
SAMPLERS: dict[str, list[ng.Sampler]] = {
    "annealed_langevin": [annealed_langevin(updates=3)],
    "ddim": [ddim(eta=1.0), ddim(eta=0.5)],
    "ddpm": [ddpm(), ddpm(variance="large")],
    "dpm2": [dpm2(churn=40.0)],
    "dpm2_ancestral": [dpm2_ancestral()],
    "dpm_adaptive": [dpm_adaptive(eta=1.0, rtol=1e-3, atol=1e-4)],
    "dpm_fast": [dpm_fast(order=2, eta=1.0)],
    "dpm_multistep": [dpm_multistep(eta=1.0), dpm_multistep(prediction="eps", eta=1.0)],
    "dpm_singlestep": [dpm_singlestep(order=2, eta=1.0)],
    "dpmpp_2m_sde": [dpmpp_2m_sde()],
    "dpmpp_2s_ancestral": [dpmpp_2s_ancestral()],
    "dpmpp_3m_sde": [dpmpp_3m_sde()],
    "dpmpp_sde": [dpmpp_sde()],
    "euler": [euler(churn=40.0)],
    "euler_ancestral": [euler_ancestral()],
    "euler_in_time": [euler_in_time(churn=40.0)],
    "euler_maruyama": [euler_maruyama(), euler_maruyama(randomness=0.5)],
    "heun": [heun(churn=40.0)],
    "heun_in_time": [heun_in_time(churn=40.0)],
    "predictor_corrector": [
        predictor_corrector(),
        predictor_corrector(corrector="annealed"),
        predictor_corrector(predictor="ancestral"),
    ],
    "restart": [restart()],
    "reverse_diffusion": [reverse_diffusion(), reverse_diffusion(randomness=0.5)],
}
"""Every sampler that draws noise, or can be told to, with such parameters; but for lcm, which is for other models."""


def even(steps: int, process: ng.Process, most: float = 80.0) -> ng.Levels:
    """From sigma / alpha at most down to 0.01, even in its logarithm."""
    ratios = [most * (0.01 / most) ** (index / steps) for index in range(steps + 1)]
    return ng.Levels(tuple(ng.at_ratio(process, ratio) for ratio in ratios), process)


@cache
def drawn(seed: int) -> torch.Tensor:
    """Exact draws of the data, in float32 as states are."""
    return three_clusters().sample(POINTS, seed=seed).float()


def noised(model: Mixture, level: ng.Level, points: int) -> torch.Tensor:
    """Exact draws at a level."""
    noise = torch.randn(points, model.dimensions, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    return level.alpha * model.sample(points, seed=4) + level.sigma * noise


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "which"), [(name, index) for name, them in SAMPLERS.items() for index in range(len(them))]
)
def test_a_stochastic_sampler_draws_the_law_of_the_data(name: str, which: int) -> None:
    sampler, model, levels = SAMPLERS[name][which], three_clusters(), even(STEPS, ng.ContinuousVP())
    assert sampler.noisy
    found = many(sampler, model.denoiser(), noised(model, levels[0], POINTS).float(), levels)
    assert energy_distance(found / levels[STEPS].alpha, drawn(6)) < FAR


def test_every_sampler_that_can_draw_noise_is_among_them() -> None:
    randomness = {"eta", "churn", "randomness"}
    able = {name for name, spec in BUILT_IN.items() if spec.function().noisy or randomness & set(spec.ports)}
    assert {f"sampler.{name}" for name in SAMPLERS} == able - {"sampler.lcm"}


@pytest.mark.slow
def test_the_distance_tells_a_law_that_is_a_little_off() -> None:
    assert abs(energy_distance(drawn(9), drawn(6))) < FAR
    assert energy_distance(1.03 * drawn(9), drawn(6)) > FAR
