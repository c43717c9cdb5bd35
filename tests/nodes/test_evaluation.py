"""Evaluation: known answers, and intervals that hold what they say."""

from __future__ import annotations

import math

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes.evaluation.answers import accuracy, inception_score, mean, retrieval
from noisegraph.nodes.evaluation.distributions import covered, frechet, frechet_distance, precision, recall
from torch import Tensor


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def whitened(points: Tensor) -> Tensor:
    """The points moved and stretched so that their mean is exactly 0 and their covariance exactly 1."""
    centred = points - points.mean(0)
    return torch.linalg.solve_triangular(torch.linalg.cholesky(centred.T.cov()), centred.T, upper=False).T


def test_the_frechet_distance_of_two_gaussians_is_that_of_the_formula() -> None:
    one, other = whitened(normal(50, 3)), whitened(normal(70, 3, seed=1))
    stretched = other * torch.tensor([2.0, 3.0, 0.5]) + torch.tensor([1.0, 0.0, -2.0])
    # Commuting covariances: the sum of squared differences of means and of deviations.
    assert frechet_distance(one, stretched) == pytest.approx(5 + 1 + 4 + 0.25, abs=1e-9)
    assert frechet_distance(stretched, one) == pytest.approx(10.25, abs=1e-9)
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-9)


def test_the_frechet_distance_of_covariances_that_do_not_commute_is_that_of_the_square_root() -> None:
    one, other = normal(40, 4) @ normal(4, 4, seed=5), normal(60, 4, seed=1) @ normal(4, 4, seed=6)
    values, vectors = torch.linalg.eig(one.T.cov() @ other.T.cov())
    root = (vectors @ values.sqrt().diag() @ torch.linalg.inv(vectors)).real
    wanted = (one.mean(0) - other.mean(0)).square().sum() + (one.T.cov() + other.T.cov() - 2 * root).trace()
    assert frechet_distance(one, other) == pytest.approx(wanted.item(), rel=1e-9)


def test_the_interval_of_a_mean_is_that_of_its_standard_error_and_holds_the_truth_as_often_as_it_says() -> None:
    found = mean(normal(400), resamples=2000)
    deviation = normal(400).std().item() / math.sqrt(400)
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * deviation, rel=0.1)
    held = [low <= 0 <= high for _, low, high in (mean(normal(60, seed=seed), resamples=200) for seed in range(200))]
    assert 0.88 <= sum(held) / 200 <= 0.99


def test_an_interval_is_a_function_of_its_seed_and_holds_the_value() -> None:
    one, other = ng.Points(normal(60, 3)), ng.Points(normal(60, 3, seed=1) + 1)
    assert frechet(one, other, resamples=50, seed=3) == frechet(one, other, resamples=50, seed=3)
    assert frechet(one, other, resamples=50, seed=3) != frechet(one, other, resamples=50, seed=4)
    value, low, high = frechet(one, other, resamples=50)
    assert low < value < high


def test_the_inception_score_is_the_number_of_classes_where_each_is_certain_and_one_where_all_are_alike() -> None:
    certain = torch.eye(5).repeat(8, 1) * 1000
    assert inception_score(certain, resamples=10).value == pytest.approx(5, rel=1e-6)
    assert inception_score(certain[::5], resamples=10).value == pytest.approx(1, rel=1e-6)
    assert inception_score(torch.zeros(40, 5), resamples=10).value == pytest.approx(1, rel=1e-6)


def test_a_point_is_covered_by_balls_that_reach_to_the_nearest_neighbours() -> None:
    line = torch.tensor([[0.0], [1.0], [3.0]])
    assert covered(torch.tensor([[-1.0], [-1.1], [4.9], [5.1]]), line, 1).tolist() == [True, False, True, False]


def test_a_model_that_draws_half_of_the_data_is_precise_and_recalls_half() -> None:
    data = torch.cat([normal(200, 2), normal(200, 2, seed=1) + 100])
    drawn = ng.Points(normal(200, 2, seed=2))
    assert precision(drawn, ng.Points(data)).value > 0.9
    assert 0.4 < recall(drawn, ng.Points(data)).value <= 0.5


def test_retrieval_and_accuracy_count_what_is_right() -> None:
    texts = ng.Points(torch.eye(3))
    pictures = ng.Points(torch.tensor([[1.0, 0, 0], [0, 0, 1.0], [0, 1.0, 0], [0.5, 0.5, 0.5]]))
    assert retrieval(texts, pictures).value == pytest.approx(1 / 3)
    assert accuracy(torch.eye(4), label=[0, 1, 2, 0]).value == pytest.approx(3 / 4)
    assert accuracy(torch.eye(4), label=2).value == pytest.approx(1 / 4)


def test_what_cannot_be_measured_is_told() -> None:
    with pytest.raises(ng.NodeError, match=r"features of \(5, 2\) and \(5, 3\)"):
        frechet(ng.Points(normal(5, 2)), ng.Points(normal(5, 3)))
    with pytest.raises(ng.NodeError, match="have no 3 neighbours"):
        recall(ng.Points(normal(3, 2)), ng.Points(normal(5, 2)))
    with pytest.raises(ng.NodeError, match="2 labels for 4 pictures"):
        accuracy(torch.eye(4), label=[0, 1])
    with pytest.raises(ng.NodeError, match="3 texts for 2 pictures"):
        retrieval(ng.Points(torch.eye(3)), ng.Points(torch.eye(3)[:2]))
    with pytest.raises(ng.NodeError, match="no interval"):
        mean(torch.zeros(1))


def test_resamples_keep_as_many_of_each_kind_that_was_drawn_in_turn() -> None:
    far = torch.tensor([[-5.0, 0.0], [5.0, 0.0]]).repeat(30, 1)
    points = ng.Points(far + 0.1 * torch.randn(60, 2, generator=torch.Generator().manual_seed(3)))
    loose, kept = (frechet(points, points, kinds=kinds) for kinds in (1, 2))
    assert loose.value == kept.value
    assert kept.high - kept.low < loose.high - loose.low
    assert loose.low == 0  # no distance is below that
    with pytest.raises(ng.NodeError, match="60 pictures of 7 kinds"):
        frechet(points, points, kinds=7)
    certain = torch.eye(5).repeat(8, 1) * 10
    assert inception_score(certain, kinds=5).low > inception_score(certain).low
