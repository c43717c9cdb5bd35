"""Embeddings turned by the difference of two texts, as unCLIP's text differences are."""

from __future__ import annotations

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes import vision
from torch.nn import functional

POINTS = ng.Points(functional.normalize(ng.normal(range(3), torch.empty(3, 16), "initial"), dim=1))
BEFORE, AFTER = (ng.Points(functional.normalize(ng.normal([seed], torch.empty(1, 16), "initial"))) for seed in (7, 8))
TOWARD = functional.normalize(AFTER - BEFORE, dim=1)


def angles(points: torch.Tensor) -> torch.Tensor:
    """To the direction of the difference, in radians."""
    return torch.acos((points @ TOWARD.T).squeeze(1))


@pytest.mark.parametrize("most", [0.0, 0.25, 1.0])
def test_a_turn_goes_evenly_from_each_point_as_far_as_it_is_told(most: float) -> None:
    found = vision.turned(POINTS, BEFORE, AFTER, most=most, count=5)
    torch.testing.assert_close(found.norm(dim=1), torch.ones(15))
    ways = found.view(3, 5, 16)
    torch.testing.assert_close(ways[:, 0], torch.Tensor(POINTS))
    start = angles(POINTS)
    for index in range(5):
        wanted = start * (1 - most * index / 4)
        torch.testing.assert_close(angles(ways[:, index]), wanted, atol=2e-3, rtol=0)


def test_a_turn_stays_in_the_plane_of_the_point_and_the_difference() -> None:
    found = vision.turned(POINTS, BEFORE, AFTER, most=0.5, count=2).view(3, 2, 16)[:, 1]
    for point, turned in zip(POINTS, found, strict=True):
        plane = torch.linalg.qr(torch.stack([torch.Tensor(point), TOWARD[0]], dim=1)).Q
        torch.testing.assert_close(plane @ (plane.T @ turned), turned, atol=1e-5, rtol=0)


def test_texts_that_do_not_differ_are_refused() -> None:
    with pytest.raises(ng.NodeError, match="do not differ"):
        vision.turned(POINTS, BEFORE, BEFORE)
