"""Score-matching objectives differ by numbers that no denoiser changes, and are least at the true score."""

from __future__ import annotations

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes.objective import denoising, explicit, sliced
from noisegraph.testing.mixture import Mixture, three_clusters
from torch import Tensor

LEVEL = ng.Level(0.5, 0.8, 0.6)
COUNT = 20_000


@pytest.fixture(scope="module")
def model() -> Mixture:
    return three_clusters()


@pytest.fixture(scope="module")
def data(model: Mixture) -> Tensor:
    return model.sample(COUNT, seed=1)


@pytest.fixture(scope="module")
def noise(data: Tensor) -> Tensor:
    return drawn(1)


def drawn(seed: int) -> Tensor:
    return torch.randn(COUNT, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def wrong(model: Mixture) -> ng.Denoiser:
    """Biased towards the origin."""
    return lambda x, level: 0.8 * model.denoise(x, level)


def gap(other: Tensor, exact: Tensor) -> tuple[float, float]:
    """The mean difference of two denoisers' objectives, and its standard error."""
    differences = other - exact
    return float(differences.mean()), float(differences.std()) / len(differences) ** 0.5


def test_explicit_score_matching_is_nothing_at_the_true_score(model: Mixture, data: Tensor, noise: Tensor) -> None:
    x = ng.noised(data, noise, LEVEL)
    exact = model.score(x, LEVEL)
    assert float(ng.explicit_score_matching(model.denoiser(), exact, x, LEVEL).abs().max()) < 1e-15
    assert float(ng.explicit_score_matching(wrong(model), exact, x, LEVEL).mean()) > 0.01


@pytest.mark.parametrize("form", ["denoising", "implicit", "sliced"])
def test_every_form_prefers_the_true_score_by_as_much_as_the_explicit_one(
    model: Mixture, data: Tensor, noise: Tensor, form: str
) -> None:
    x = ng.noised(data, noise, LEVEL)
    directions = torch.stack([drawn(2 + index) for index in range(4)])

    def objective(denoiser: ng.Denoiser) -> Tensor:
        if form == "denoising":
            return ng.denoising_score_matching(denoiser, data, noise, LEVEL)
        if form == "implicit":
            return ng.implicit_score_matching(denoiser, x, LEVEL)
        return ng.sliced_score_matching(denoiser, x, LEVEL, directions)

    true = float(ng.explicit_score_matching(wrong(model), model.score(x, LEVEL), x, LEVEL).mean())
    found, error = gap(objective(wrong(model)).detach(), objective(model.denoiser()).detach())
    assert abs(found - true) < 4 * error
    assert 4 * error < true / 2


def test_axes_as_slices_make_the_sliced_form_the_implicit_one(model: Mixture, data: Tensor, noise: Tensor) -> None:
    x = ng.noised(data, noise, LEVEL)[:16]
    axes = torch.eye(2, dtype=x.dtype)[:, None].expand(2, *x.shape) * 2**0.5  # so that the mean of v v' is the identity
    found = ng.sliced_score_matching(model.denoiser(), x, LEVEL, axes)
    torch.testing.assert_close(found, ng.implicit_score_matching(model.denoiser(), x, LEVEL))


@pytest.mark.parametrize("form", ["denoising", "sliced"])
def test_training_on_the_objective_finds_the_true_scale(form: str) -> None:
    """Of a Gaussian, the best denoiser is linear, and its slope is known."""
    variance = 0.25
    data = variance**0.5 * torch.randn(4000, 1, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    noise = torch.randn(4000, 1, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    slope = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([slope], line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        if form == "denoising":
            found = ng.denoising_score_matching(lambda x, level: slope * x, data, noise, LEVEL).mean()
        else:
            x = ng.noised(data, noise, LEVEL)
            found = ng.sliced_score_matching(lambda x, level: slope * x, x, LEVEL, torch.ones(1, *x.shape)).mean()
        found.backward()
        return found

    optimizer.step(loss)
    best = LEVEL.alpha * variance / (LEVEL.alpha**2 * variance + LEVEL.sigma**2)
    assert abs(float(slope.detach()) - best) < 0.03


def test_the_nodes_measure_every_level_that_has_noise(model: Mixture, data: Tensor) -> None:
    process = ng.DiscreteVP("linear")
    levels = ng.Levels(tuple(process.level(t) for t in (900, 500, 100, -1)), process)
    some, exact = ng.Latent(data[:64]), model.denoiser()
    assert float(explicit(exact, exact, some, levels).run().mean) < 1e-15
    for measured in (denoising(exact, some, levels, seed=3).run(), sliced(exact, some, levels, seed=3).run()):
        assert measured.each.shape == (64, 3)
        assert torch.equal(measured.mean, measured.each.mean())
    again = denoising(exact, some, levels, seed=3).run()
    assert torch.equal(again.each, denoising(exact, some, levels, seed=3).run().each)
