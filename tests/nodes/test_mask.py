"""Masks cover what they are told to, and guide whole graphs."""

from __future__ import annotations

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes.mask import invert, join, of_image, rectangle, soften


def test_a_rectangle_covers_its_share_of_the_mask() -> None:
    found = rectangle(height=4, width=8, top=0.5, right=0.25)
    assert found.shape == (1, 1, 4, 8)
    assert (found[0, 0, 2:, :2] == 1).all()
    assert float(found.sum()) == 4
    edge = rectangle(height=4, width=4, left=0.125)
    torch.testing.assert_close(edge[0, 0, 0], torch.tensor([0.5, 1, 1, 1]))


def test_an_empty_rectangle_is_refused() -> None:
    with pytest.raises(ng.NodeError, match="empty rectangle"):
        rectangle(height=4, width=4, top=0.5, bottom=0.5)


def test_masks_are_inverted_joined_and_taken_from_pictures() -> None:
    left, top = rectangle(height=4, width=4, right=0.5), rectangle(height=4, width=4, bottom=0.5)
    assert torch.equal(invert(left), rectangle(height=4, width=4, left=0.5))
    assert float(join([left, top]).sum()) == 12
    assert torch.equal(of_image(ng.Image(left.expand(1, 3, 4, 4))), left)
    with pytest.raises(ng.NodeError, match="no masks"):
        join([])


def test_soft_edges_keep_the_weight_and_the_flat_parts() -> None:
    half = rectangle(height=32, width=32, right=0.5)
    soft = soften(half, radius=2.0)
    torch.testing.assert_close(soft.mean(), half.mean(), rtol=0, atol=1e-5)
    assert float(soft[0, 0, 16, 15]) > 0.5 > float(soft[0, 0, 16, 16])
    assert (soft.diff(dim=3) <= 1e-6).all()
    torch.testing.assert_close(soften(ng.Mask(torch.ones(1, 1, 8, 8))), torch.ones(1, 1, 8, 8))
