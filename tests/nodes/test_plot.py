"""Plots are pictures of what they are given: the same pixels each time, in the size asked for, and clear refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib
import noisegraph as ng
import pytest
import torch
from noisegraph.nodes.plots import in_plane, over_axis
from noisegraph.nodes.plots.curve import Curve
from noisegraph.nodes.samplers.trajectory import Trajectory
from noisegraph.testing.mixture import Mixture, three_clusters

PROCESS = ng.ContinuousVP()
LEVELS = ng.Levels((PROCESS.level(1.0), PROCESS.level(0.4), PROCESS.level(1e-3)), PROCESS)
MIXTURE = three_clusters()
POINTS = ng.Points(MIXTURE.sample(40, seed=1))
WALK = Trajectory(torch.stack([torch.from_numpy(POINTS.numpy()) * scale for scale in (3.0, 2.0, 1.0)]), LEVELS)
LINE = Curve((10.0, 20.0, 40.0), (1e-1, 1e-2, 1e-3))

PICTURES: dict[str, tuple[Callable[..., ng.Image], dict[str, Any]]] = {
    "density": (in_plane.density, {"mixture": MIXTURE, "levels": LEVELS, "title": "p_t"}),
    "points": (in_plane.points, {"points": POINTS, "mixture": MIXTURE}),
    "snapshot": (in_plane.snapshot, {"trajectory": WALK, "mixture": MIXTURE, "index": 1}),
    "paths": (in_plane.paths, {"trajectory": WALK, "mixture": MIXTURE, "exact": POINTS}),
    "score": (in_plane.score, {"denoiser": MIXTURE.denoiser(), "levels": LEVELS, "mixture": MIXTURE}),
    "curves": (over_axis.curves, {"curves": [LINE], "labels": ("error",), "orders": (1, 3)}),
    "dots": (over_axis.curves, {"curves": [LINE], "mark": "dots", "x_scale": "linear", "y_scale": "linear"}),
    "histogram": (over_axis.histogram, {"values": [POINTS[:, 0], POINTS[:, 1]], "labels": ("x", "y")}),
    "bars": (over_axis.bars, {"values": [torch.tensor([0.5, 0.3]), torch.tensor([0.4, 0.4])], "names": ("a", "b")}),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_plot_is_a_colour_picture_of_the_size_asked_for(name: str) -> None:
    node, given = PICTURES[name]
    found = node(**given, width=240, height=200)
    assert (found.dtype, tuple(found.shape)) == (torch.float32, (1, 3, 200, 240))
    assert 0 <= float(found.min()) < 0.6
    assert float(found.max()) == 1.0


def inked(image: ng.Image) -> int:
    """How many pixels are not white."""
    return int((image[0].amin(0) < 0.99).sum())


def test_the_intervals_of_a_curve_are_shaded() -> None:
    shaded = LINE._replace(low=(5e-2, 5e-3, 5e-4), high=(2e-1, 2e-2, 2e-3))
    plain, found = (over_axis.curves([curve], width=300, height=240) for curve in (LINE, shaded))
    assert inked(found) > inked(plain) + 1000
    assert torch.equal(over_axis.curves([shaded], intervals="hidden", width=300, height=240), plain)


def test_dots_that_lie_on_one_another_all_show() -> None:
    dots = over_axis.curves([LINE, LINE, LINE], mark="dots", width=300, height=240)[0].flatten(1)
    bright = dots.amax(0) - dots.amin(0) > 0.3
    assert set(dots.argmax(0)[bright].tolist()) == {0, 1, 2}  # red, green and blue prevail in the first three colours


def test_many_labels_stand_beside_the_curves_and_not_on_them() -> None:
    many = [LINE] * 10

    def axis(labels: tuple[str, ...]) -> int:
        dark = over_axis.curves(many, labels=labels, width=400, height=300)[0].amax(0) < 0.5
        return int(dark.sum(1).max())

    assert axis(tuple("abcdefghij")) < axis(()) - 20


@pytest.mark.parametrize("name", ["paths", "curves"])
def test_its_pixels_do_not_depend_on_how_matplotlib_is_set_up(name: str) -> None:
    node, given = PICTURES[name]
    first = node(**given, width=240, height=200)
    other: dict[Any, Any] = {"font.size": 20.0, "lines.linewidth": 9.0, "axes.facecolor": "black", "savefig.dpi": 30.0}
    with matplotlib.rc_context(other):
        before = dict(matplotlib.rcParams)
        assert torch.equal(node(**given, width=240, height=200), first)
        assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("name", PICTURES)
def test_it_is_drawn_on_the_cpu_whatever_the_default_device_is(name: str) -> None:
    node, given = PICTURES[name]
    with torch.device("meta"):  # which holds no numbers, so that to draw with a tensor made on it would fail
        assert node(**given, width=240, height=200).device.type == "meta"


def test_density_is_darkest_where_it_is_highest_and_follows_the_level() -> None:
    right = Mixture.of([1.0], [[1.0, 1.0]], [[[0.05, 0.0], [0.0, 0.05]]])
    clean = in_plane.density(right, width=200, height=220)[0].mean(0)
    inside = clean[40:-10, 10:-10]
    row, column = divmod(int(inside.argmin()), inside.shape[1])
    assert row < 0.4 * inside.shape[0]
    assert column > 0.6 * inside.shape[1]
    noisy = in_plane.density(right, LEVELS, index=0, width=200, height=220)[0].mean(0)
    assert not torch.equal(clean, noisy)


def test_more_points_make_more_ink() -> None:
    few, many = (in_plane.points(ng.Points(POINTS[:count])) for count in (5, 40))
    assert float(many.mean()) < float(few.mean()) < 1.0


def test_a_snapshot_shows_the_points_of_its_step_before_the_density_of_its_level() -> None:
    last = in_plane.snapshot(WALK, MIXTURE, index=-1)
    assert torch.equal(last, in_plane.snapshot(WALK, MIXTURE, index=2))
    assert not torch.equal(last, in_plane.snapshot(WALK, MIXTURE, index=0))
    assert not torch.equal(last, in_plane.snapshot(Trajectory(WALK.states[[2, 2, 0]], LEVELS), MIXTURE, index=2))


def test_what_is_not_of_the_plane_is_refused() -> None:
    line = Mixture.of([1.0], [[0.0]], [[[1.0]]])
    with pytest.raises(ng.NodeError, match="a density of 1 dimensions"):
        in_plane.density(line)
    with pytest.raises(ng.NodeError, match=r"points of shape \(4, 3\)"):
        in_plane.points(ng.Points(torch.zeros(4, 3)))


def test_wrong_numbers_of_labels_levels_and_items_are_refused() -> None:
    with pytest.raises(ng.NodeError, match="2 labels for 1"):
        over_axis.curves([LINE], labels=("a", "b"))
    with pytest.raises(ng.NodeError, match="no level 3 of 3"):
        in_plane.density(MIXTURE, LEVELS, index=3)
    with pytest.raises(ng.NodeError, match="side by side"):
        over_axis.bars([torch.zeros(2), torch.zeros(3)])
    with pytest.raises(ng.NodeError, match="chose its levels itself"):
        in_plane.snapshot(Trajectory(WALK.states[:2], LEVELS))


@pytest.mark.slow
def test_pyplot_with_its_global_figures_is_never_imported() -> None:
    import subprocess
    import sys

    code = (
        "import sys\n"
        "from noisegraph.nodes.plots import over_axis\n"
        "from noisegraph.nodes.plots.curve import Curve\n"
        "assert 'matplotlib' not in sys.modules\n"
        "over_axis.curves([Curve((1.0, 2.0), (1.0, 0.5))])\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_score_of_clean_data_and_of_a_level_that_is_not_there_is_refused() -> None:
    clean = ng.Levels((*LEVELS.points, ng.Level(0.0, 1.0, 0.0)), PROCESS)
    with pytest.raises(ng.NodeError, match="clean data"):
        in_plane.score(MIXTURE.denoiser(), clean)
    with pytest.raises(ng.NodeError, match="no level 7 of 3"):
        in_plane.score(MIXTURE.denoiser(), LEVELS, index=7)
