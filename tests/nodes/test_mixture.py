"""Mixtures as nodes: exact draws, denoisers, classifiers, densities and flows."""

from __future__ import annotations

import itertools
import math
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes import mixture as nodes
from noisegraph.nodes.grids.noise import log_snr
from noisegraph.testing.mixture import three_clusters

from .golden import load, mixture, needs_golden

ROUND = nodes.clusters(weights=[1.0, 3.0], means=[[-1.0, 0.0], [1.0, 0.0]], deviation=0.1)


def test_draws_have_the_moments_of_the_mixture() -> None:
    points = nodes.sample(ROUND, count=40_000, seed=1)
    assert points.dtype == torch.float32
    torch.testing.assert_close(points.mean(0), torch.tensor([0.5, 0.0]), rtol=0, atol=0.02)
    torch.testing.assert_close(torch.cov(points.T), torch.tensor([[0.76, 0.0], [0.0, 0.01]]), rtol=0.03, atol=0.003)
    assert torch.equal(points, nodes.sample(ROUND, count=40_000, seed=1))


def test_the_density_integrates_to_one() -> None:
    axis = torch.linspace(-2, 2, 401, dtype=torch.float64)
    plane = torch.cartesian_prod(axis, axis)
    assert math.isclose(float(nodes.log_density(ROUND, plane).exp().sum()) * 0.01**2, 1, rel_tol=1e-6)


def test_the_score_is_the_slope_of_the_log_density() -> None:
    model, level = three_clusters(), ng.ContinuousVP().level(0.3)
    x = model.sample(5, seed=1).requires_grad_()
    (slope,) = torch.autograd.grad(model.log_density(x, level).sum(), x)
    torch.testing.assert_close(model.score(x.detach(), level), slope)


def test_the_classifier_and_the_components_make_the_whole() -> None:
    """sum_k p(k | x) E[x_0 | x, k] = E[x_0 | x]."""
    model, level = three_clusters(), ng.ContinuousVP().level(0.4)
    x = model.sample(6, seed=2)
    whole = sum(
        nodes.classifier(model, component=k)(x, level).exp()[:, None] * nodes.denoiser(model, component=k)(x, level)
        for k in range(3)
    )
    torch.testing.assert_close(whole, nodes.denoiser(model)(x, level))


@needs_golden
@pytest.mark.parametrize("name", ["A2", "B8", "G2"])
def test_the_exact_flow_ends_where_the_reference_ends(name: str) -> None:
    theory = load("theory.npz")
    start = torch.from_numpy(theory[f"ode_exact/{name}/xT_unit"])
    alpha, sigma, alpha_end, sigma_end, scale = theory[f"ode_exact/{name}/cont_vp/levels"].tolist()
    found = mixture(name).flow(start * scale, ng.Level(1, alpha, sigma), ng.Level(0, alpha_end, sigma_end))
    torch.testing.assert_close(found, torch.from_numpy(theory[f"ode_exact/{name}/cont_vp"]), rtol=0, atol=1e-9)


def test_the_flow_of_one_gaussian_is_the_same_in_closed_form_and_by_runge_kutta() -> None:
    one = nodes.gaussian(mean=[0.3, -0.2], covariance=[[0.5, 0.2], [0.2, 0.3]])
    twice = nodes.gaussians(weights=[1.0, 1.0], means=[[0.3, -0.2]] * 2, covariances=[[[0.5, 0.2], [0.2, 0.3]]] * 2)
    levels = log_snr(ng.ContinuousVP(), steps=1)
    start = torch.tensor([[1.0, -2.0], [0.1, 0.4]])
    torch.testing.assert_close(nodes.flow(one, start, levels), nodes.flow(twice, start, levels))


def test_the_swiss_roll_lies_in_the_unit_disc_and_goes_round() -> None:
    roll = nodes.swiss_roll(turns=2.0, pieces=200)
    radii = [math.hypot(*mean) for mean in roll.means]
    assert radii == sorted(radii)
    assert math.isclose(radii[-1], 1.0)
    angles = [math.atan2(y, x) for x, y in roll.means]
    assert sum(abs(a - b) > math.pi for a, b in itertools.pairwise(angles)) == 2
    gaps = [math.dist(a, b) for a, b in zip(roll.means[:-1], roll.means[1:], strict=True)]
    assert max(gaps) < 1.5 * min(gaps)


def test_the_shape_is_that_of_its_points() -> None:
    assert nodes.shape(ROUND) == ng.Shape((2,))


def test_states_of_pictures_shape_are_points_too() -> None:
    model = nodes.clusters(weights=[1.0, 1.0], means=[[0.5] * 16, [-0.5] * 16])
    x, level = torch.randn(3, 1, 4, 4, generator=torch.Generator().manual_seed(1)), ng.ContinuousVP().level(0.5)
    answer = nodes.denoiser(model)(x, level)
    assert (answer.shape, answer.dtype) == (x.shape, x.dtype)
    torch.testing.assert_close(answer.reshape(3, 16), nodes.denoiser(model)(x.reshape(3, 16), level))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: nodes.gaussian(mean=[0.0, 0.0], covariance=[[1.0, 0.5], [0.4, 1.0]]),
        lambda: nodes.gaussian(mean=[0.0, 0.0], covariance=[[1.0, 2.0], [2.0, 1.0]]),
        lambda: nodes.gaussian(mean=[0.0, 0.0], covariance=[[1.0]]),
        lambda: nodes.gaussians(weights=[1.0, 2.0], means=[[0.0]], covariances=[[[1.0]]]),
        lambda: nodes.clusters(weights=[1.0, 2.0], means=[[0.0], [1.0, 2.0]]),
        lambda: nodes.denoiser(ROUND, component=2),
        lambda: nodes.classifier(ROUND, component=2),
        lambda: nodes.flow(ROUND, torch.zeros(1, 2), log_snr(ng.ContinuousVP(), steps=2, end="data")),
    ],
)
def test_mixtures_that_cannot_be_are_refused_with_a_hint(wrong: Any) -> None:
    with pytest.raises(ng.NodeError) as caught:
        wrong()
    assert caught.value.hint
