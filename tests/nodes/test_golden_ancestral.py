"""DDPM and DDIM walk as the published implementations of them do."""

from __future__ import annotations

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes.samplers.ddim import ddim, ddpm

from .golden import Case, Params, agree, cases, solve


def plain(params: Params) -> bool:
    """No guidance, no clipping: the sampler alone."""
    return not {"clip_x0", "dynamic_threshold", "classifier"} & set(params)


@pytest.mark.parametrize("case", cases("guided_diffusion", "ddim", plain))
def test_ddim_walks_as_guided_diffusion(case: Case) -> None:
    agree(case, solve(case, ddim(eta=case.params["eta"])))


@pytest.mark.parametrize("case", cases("ddim_repo", "ddim"))
def test_ddim_walks_as_its_authors_code(case: Case) -> None:
    agree(case, solve(case, ddim(eta=case.params["eta"])))


@pytest.mark.parametrize("case", cases("ldm_repo", "ddim"))
def test_ddim_walks_as_latent_diffusion(case: Case) -> None:
    agree(case, solve(case, ddim(eta=case.params["eta"])))


@pytest.mark.parametrize("case", cases("pndm_repo", "ddim", lambda p: p["model_level"] == "consistent"))
def test_ddim_walks_as_pndm(case: Case) -> None:
    agree(case, solve(case, ddim()))


class WithVariance:
    """The exact denoiser with the cases' learned variance: v(x) = sin 3x in [-1, 1]."""

    def __init__(self, denoiser: ng.Denoiser) -> None:
        self.denoiser = denoiser

    def __call__(self, x: torch.Tensor, level: ng.Level) -> torch.Tensor:
        return self.denoiser(x, level)

    def predict(self, x: torch.Tensor, level: ng.Level) -> ng.Predicted:
        return ng.Predicted(self.denoiser(x, level), (torch.sin(3 * x) + 1) / 2)


VARIANCE = {"FIXED_SMALL": "small", "FIXED_LARGE": "large", "LEARNED_RANGE": "learned"}


@pytest.mark.parametrize("case", cases("guided_diffusion", "ddpm_ancestral", plain))
def test_ddpm_walks_as_guided_diffusion(case: Case) -> None:
    variance = VARIANCE[case.params["variance"]]
    agree(case, solve(case, ddpm(variance=variance), denoiser=WithVariance(case.denoiser)))


@pytest.mark.parametrize("case", cases("ddim_repo", "ddpm_ancestral"))
def test_ddpm_walks_as_the_code_of_ddims_authors(case: Case) -> None:
    def clipped(x: torch.Tensor, level: ng.Level) -> torch.Tensor:
        return case.denoiser(x, level).clamp(-1, 1)

    agree(case, solve(case, ddpm(variance="large"), denoiser=clipped))
