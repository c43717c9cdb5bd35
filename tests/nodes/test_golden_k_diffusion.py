"""DPM2 and the ancestral samplers walk as k-diffusion does."""

from __future__ import annotations

import math

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes.samplers.ancestral import dpm2_ancestral, dpmpp_2s_ancestral, euler_ancestral
from noisegraph.nodes.samplers.dpm2 import dpm2
from noisegraph.nodes.samplers.edm import euler

from .golden import Case, agree, cases, solve
from .test_golden_edm import churn, quantized


@pytest.mark.parametrize("case", cases("k_diffusion", "dpm_2"))
def test_dpm2_walks_as_k_diffusion(case: Case) -> None:
    solved = solve(case, dpm2(**churn(case.params)))
    agree(case, solved, trajectory=solved.churned)


@pytest.mark.parametrize("case", cases("k_diffusion", "euler_ancestral"))
def test_euler_ancestral_walks_as_k_diffusion(case: Case) -> None:
    agree(case, solve(case, euler_ancestral(eta=case.params.get("eta", 1.0))))


@pytest.mark.parametrize("case", cases("k_diffusion", "dpm_2_ancestral"))
def test_dpm2_ancestral_walks_as_k_diffusion(case: Case) -> None:
    agree(case, solve(case, dpm2_ancestral(eta=case.params.get("eta", 1.0))))


@pytest.mark.parametrize("case", cases("k_diffusion", "dpmpp_2s_ancestral"))
def test_dpmpp_2s_ancestral_walks_as_k_diffusion(case: Case) -> None:
    agree(case, solve(case, dpmpp_2s_ancestral(eta=case.params.get("eta", 1.0))))


@pytest.mark.parametrize("case", cases("k_diffusion", "euler", quantized))
def test_euler_walks_as_k_diffusion_with_a_network_of_whole_timesteps(case: Case) -> None:
    told = iter(case.arrays["evals"])

    def nearest(x: torch.Tensor, level: ng.Level) -> torch.Tensor:
        """The noise at the nearest timestep, where the network is told the scaled x of the level itself."""
        alpha, sigma = (float(value) for value in next(told))
        near = ng.Level(level.t, alpha, sigma)
        return x - level.sigma * ng.eps(case.denoiser, x / math.hypot(1, level.sigma), near)

    agree(case, solve(case, euler(), denoiser=nearest))
