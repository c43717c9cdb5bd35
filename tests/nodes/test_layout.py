"""Layouts: written boxes say the same as those that scenes are trained with, and are seen where they are."""

from __future__ import annotations

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes import condition
from noisegraph.nodes.plots.layouts import layouts


def test_a_box_is_one_in_its_class_and_place_and_a_picture_may_have_none() -> None:
    found = condition.layout(boxes=[[[2, 1, 0, 2, 3]], []], classes=3, height=4, width=5)["concat"]
    assert found.shape == (2, 3, 4, 5)
    assert found.sum() == 6
    assert (found[0, 2, 1:3, 0:3] == 1).all()


@pytest.mark.parametrize("box", [[3, 0, 0, 1, 1], [0, 3, 0, 2, 1], [0, 0, 4, 1, 2]])
def test_a_box_of_an_unknown_class_or_beyond_the_edge_is_refused(box: list[int]) -> None:
    with pytest.raises(ng.NodeError, match="a box"):
        condition.layout(boxes=[[box]], classes=3, height=4, width=5)


def test_scenes_say_in_words_and_boxes_where_their_digits_are() -> None:
    data = pytest.importorskip("noisegraph_training.data")
    scenes = pytest.importorskip("noisegraph_training.scenes")
    digits = data.digits(part="held out")
    found = data.scenes(digits, count=60, seed=3)
    ink = found.examples.pixels[:, 0].float() / 255
    for caption, layout, picture in zip(found.examples.captions, found.layout["concat"], ink, strict=True):
        first, *relation, second = caption.split()
        places = {}
        for name in {first, second}:
            rows, columns = layout[scenes.NAMES.index(name)].nonzero().unbind(1)
            places[name] = (float(rows.float().mean()), float(columns.float().mean()))
        covered = layout.amax(0).repeat_interleave(2, 0).repeat_interleave(2, 1)
        assert float((picture * (1 - covered)).sum()) == 0
        assert float((picture * covered).sum()) > 10
        if first != second:
            axis, sign = {"left": (1, 1), "right": (1, -1), "above": (0, 1), "below": (0, -1)}[relation[0]]
            assert sign * (places[second][axis] - places[first][axis]) == 4


def test_the_seed_alone_decides_the_scenes() -> None:
    data = pytest.importorskip("noisegraph_training.data")
    digits = data.digits(part="held out")
    one, same, other = (data.scenes(digits, count=9, seed=seed) for seed in (1, 1, 2))
    assert one.examples.captions == same.examples.captions != other.examples.captions
    assert torch.equal(one.examples.pixels, same.examples.pixels)
    assert not torch.equal(one.examples.pixels, other.examples.pixels)


def test_a_plot_shows_a_box_where_it_is_and_nothing_where_there_is_none() -> None:
    found = layouts(condition.layout(boxes=[[[1, 0, 0, 4, 4]], []], classes=3), side=64)
    assert found.shape == (2, 3, 64, 64)
    coloured = found.amax(1) - found.amin(1) > 0.1
    assert coloured[0, 8:28, 8:28].float().mean() > 0.5
    assert not coloured[0, 36:, 36:].any()
    assert not coloured[1].any()
