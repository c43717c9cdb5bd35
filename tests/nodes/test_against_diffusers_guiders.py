"""Guidance and the levels of Align Your Steps agree with diffusers' guiders and tables, number by number."""

from __future__ import annotations

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes.grids import noise
from noisegraph.nodes.guidance.apg import Projected, Remembering, apg
from noisegraph.nodes.guidance.cfg import cfg
from noisegraph.nodes.guidance.rescale import rescaled_cfg

PROCESS = ng.DiscreteVP()
LEVEL = PROCESS.level(600)
TOWARD, AWAY, X = torch.randn(3, 3, 2, 4, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def saying(x0: torch.Tensor) -> ng.Denoiser:
    """A denoiser that always says the same."""
    return lambda x, level: x0


@pytest.mark.parametrize("eta", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("norm", [0.0, 2.5, 100.0])
def test_projected_guidance_agrees(norm: float, eta: float) -> None:
    from diffusers.guiders.adaptive_projected_guidance import normalized_guidance

    ours = apg(saying(TOWARD), saying(AWAY), scale=6.0, eta=eta, norm=norm)(X, LEVEL)
    theirs = normalized_guidance(TOWARD, AWAY, 5.0, None, eta, norm, use_original_formulation=True)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


def test_its_momentum_agrees() -> None:
    from diffusers.guiders.adaptive_projected_guidance import MomentumBuffer, normalized_guidance

    theirs, average = MomentumBuffer(-0.75), None
    for shift in (0.0, 0.4, -0.2):
        guided = Projected(saying(TOWARD + shift), saying(AWAY * (1 + shift)), 4.0, 0.2, 3.0)
        remembering = Remembering(guided, -0.75, average)
        found, average = remembering(X, LEVEL), remembering.average
        wanted = normalized_guidance(TOWARD + shift, AWAY * (1 + shift), 3.0, theirs, 0.2, 3.0, True)
        torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("rescale", [0.0, 0.7, 1.0])
@pytest.mark.parametrize("of", ["v", "eps"])
def test_rescaled_guidance_agrees_on_the_prediction_that_it_is_of(of: ng.Prediction, rescale: float) -> None:
    from diffusers.guiders.guider_utils import rescale_noise_cfg

    node = rescaled_cfg(saying(TOWARD), saying(AWAY), scale=5.0, rescale=rescale, of=of)
    ours = ng.from_x0(node(X, LEVEL), X, LEVEL, of)
    guided = ng.from_x0(cfg(saying(TOWARD), saying(AWAY), scale=5.0)(X, LEVEL), X, LEVEL, of)
    theirs = rescale_noise_cfg(guided, ng.from_x0(TOWARD, X, LEVEL, of), rescale)
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    ("family", "table"),
    [("sd1", "StableDiffusionSigmas"), ("sdxl", "StableDiffusionXLSigmas"), ("svd", "StableDiffusionVideoSigmas")],
)
def test_the_levels_of_align_your_steps_are_diffusers_table(family: str, table: str) -> None:
    from diffusers.schedulers import AysSchedules

    levels = noise.align_your_steps(ng.EDM(0.002, 700.0), family=family, end="sigma_min")
    *published, clean = AysSchedules[table]
    assert [level.sigma for level in levels[:-1]] == pytest.approx(published, rel=1e-9)
    assert clean == 0  # for the last of the paper's levels, which is ours
