"""Measurements agree with what is known: orders of methods, laws that are drawn, shares, and grids."""

from __future__ import annotations

import math

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes import measure
from noisegraph.nodes.evaluation.bootstrap import Estimate
from noisegraph.nodes.grids.noise import log_snr
from noisegraph.nodes.sampler import predictions, sample, trajectory
from noisegraph.nodes.samplers.ddim import ddim
from noisegraph.nodes.samplers.dpm_adaptive import dpm_adaptive
from noisegraph.nodes.samplers.edm import euler, heun
from noisegraph.nodes.samplers.sde import euler_maruyama
from noisegraph.testing.mixture import Mixture, three_clusters

PROCESS = ng.ContinuousVP()
START = ng.Latent(ng.normal(range(8), torch.empty(8, 2), "initial"))


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shorter way to the exact answers, which is far more exact still than what is compared with them."""
    monkeypatch.setattr(measure, "EXACT", 250)


def test_errors_fall_with_the_order_of_the_method_over_evaluations_or_steps() -> None:
    levels = log_snr(PROCESS, steps=160)
    first, second = measure.errors([euler(), heun()], three_clusters(), START, levels, halvings=2).run()
    assert (first.x, second.x) == ((40.0, 80.0, 160.0), (80.0, 160.0, 320.0))
    assert math.log2(first.y[1] / first.y[2]) == pytest.approx(1, abs=0.1)
    assert math.log2(second.y[1] / second.y[2]) == pytest.approx(2, abs=0.1)
    (steps,) = measure.errors([heun()], three_clusters(), START, levels, halvings=1, over="steps").run()
    assert steps.x == (80.0, 160.0)
    assert steps.y == second.y[1:]


def test_a_coarser_grid_is_the_one_that_its_node_makes() -> None:
    (thinned,) = measure.errors([euler()], three_clusters(), START, log_snr(PROCESS, steps=40), halvings=1).run()
    (made,) = measure.errors([euler()], three_clusters(), START, log_snr(PROCESS, steps=20), halvings=0).run()
    assert thinned.y[0] == pytest.approx(made.y[0], rel=1e-9)


def test_a_step_to_clean_data_stays_in_every_grid() -> None:
    levels = log_snr(PROCESS, steps=9, end="data")
    (found,) = measure.errors([euler()], three_clusters(), START, levels, halvings=9, over="steps").run()
    assert found.x == (2.0, 3.0, 5.0, 9.0)
    ahead = sample(euler(), three_clusters().denoiser(), ng.Latent(START.double()), levels).run()
    exact = three_clusters().flow(START.double(), levels[0], ng.Level(0.0, 1.0, 1e-6), steps=1000)
    assert found.y[-1] == pytest.approx(float((ahead - exact).norm(dim=1).mean()), rel=1e-4)


def test_distances_are_small_where_the_law_is_drawn_and_large_where_it_is_not() -> None:
    levels = log_snr(PROCESS, steps=32)
    right, wrong = measure.distances(
        [euler_maruyama(), ddim(eta=1.0)], three_clusters(), levels, count=100, halvings=3
    ).run()
    assert abs(right.y[-1]) < 0.02
    assert wrong.y[0] > 0.05


def test_shares_are_those_of_the_mixture_for_its_own_draws() -> None:
    mixture = Mixture.of([0.7, 0.3], [[-1.0, 0.0], [1.0, 0.0]], [[[0.01, 0.0], [0.0, 0.01]]] * 2)
    found = measure.shares(mixture, ng.Points(mixture.sample(4000, seed=1)))
    assert float(found[0]) == pytest.approx(0.7, abs=0.03)
    assert float(found.sum()) == pytest.approx(1.0)


def test_a_grid_is_told_level_by_level_without_clean_data() -> None:
    levels = log_snr(PROCESS, steps=3, end="data")
    assert measure.grid(levels).x == (0.0, 1.0, 2.0)
    assert measure.grid(levels).y == tuple(level.ratio for level in levels[:3])
    assert measure.grid(levels, of="log_snr").y[1] == levels[1].log_snr


def test_pairs_and_differences_want_one_size() -> None:
    one, other = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 5.0])
    assert measure.pairs(one, other)[:2] == ((1.0, 2.0), (3.0, 5.0))
    assert measure.difference(other, one).tolist() == [2.0, 3.0]
    for node in (measure.pairs, measure.difference):
        with pytest.raises(ng.NodeError, match=r"\(2,\) and \(3,\)"):
            node(one, torch.zeros(3))


def test_a_trajectory_ends_where_the_sample_does_and_holds_every_step() -> None:
    levels, denoiser = log_snr(PROCESS, steps=5), three_clusters().denoiser()
    found = trajectory(euler_maruyama(), denoiser, START, levels, seed=3).run()
    assert found.states.shape == (6, 8, 2)
    assert torch.equal(found.states[0], START)
    assert torch.equal(found.states[-1], sample(euler_maruyama(), denoiser, START, levels, seed=3).run())
    assert found.levels == levels


def test_a_trajectory_of_a_sampler_that_paces_itself_is_as_long_as_it_took() -> None:
    levels = log_snr(PROCESS, steps=200)
    found = trajectory(dpm_adaptive(), three_clusters().denoiser(), START, levels).run()
    assert 5 < len(found.states) < 200


def test_predictions_are_those_of_the_denoiser_image_by_image() -> None:
    levels, denoiser = log_snr(PROCESS, steps=9, end="data"), three_clusters().denoiser()
    walk = trajectory(ddim(), denoiser, START, levels).run()
    found = predictions(denoiser, walk, count=3).run().reshape(8, 3, 2)
    for place, index in enumerate((0, 4, 8)):
        torch.testing.assert_close(found[:, place], denoiser(walk.states[index], levels[index]))
    assert predictions(denoiser, walk, count=1).run().shape == (8, 2)


def test_a_curve_wants_a_place_for_each_value_and_an_objective_a_level() -> None:
    assert measure.curve([torch.tensor(2.0), torch.tensor([3.0])], x=(10.0, 20.0))[:2] == ((10.0, 20.0), (2.0, 3.0))
    assert measure.curve([Estimate(4.0, 3.0, 5.0)], x=(1.0,)) == ((1.0,), (4.0,), (3.0,), (5.0,))
    assert measure.curve([Estimate(4.0, 3.0, 5.0), torch.tensor(2.0)], x=(1.0, 2.0)).low == ()
    with pytest.raises(ng.NodeError, match="1 values at 2 places"):
        measure.curve([torch.tensor(2.0)], x=(10.0, 20.0))
    levels = log_snr(PROCESS, steps=2, end="data")
    x, y, *_ = measure.by_level(torch.tensor([[1.0, 2.0], [3.0, 6.0]]), levels)
    assert y == (2.0, 4.0)
    assert x == tuple(level.t for level in levels if level.sigma > 0)
    with pytest.raises(ng.NodeError, match="3 values for 2 noisy levels"):
        measure.by_level(torch.zeros(1, 3), levels)


def test_the_size_of_a_difference_is_the_root_of_its_mean_square() -> None:
    found, exact = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[1.0, 5.0], [3.0, 0.0]])
    assert float(measure.size(measure.difference(found, exact))) == pytest.approx(math.sqrt((9 + 16) / 4))
    assert float(measure.size(torch.full((2, 3, 4), -2.0))) == 2.0
