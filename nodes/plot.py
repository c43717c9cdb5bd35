"""Plots as pictures: densities, points and their paths in the plane, curves, histograms and bars."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import noisegraph as ng
from pydantic import Field

from .plots import chart, plane
from .plots.canvas import Paper, drawn
from .plots.curve import Curve
from .samplers.trajectory import Trajectory

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Side = Annotated[int, Field(ge=100, le=8000, description="in pixels")]
Reach = Annotated[float, Field(gt=0, description="the plane is shown from -reach to reach, both ways")]
Shown = Annotated[int, Field(ge=0, le=10_000)]
Bins = Annotated[int, Field(ge=1, le=1000)]
Order = Annotated[int, Field(ge=1, le=10)]


@ng.node
def density(
    mixture: ng.Mixture,
    levels: ng.Levels | None = None,
    *,
    index: int = 0,
    title: str = "",
    reach: Reach = 2.4,
    width: Side = 300,
    height: Side = 320,
) -> ng.Image:
    """The density of a mixture in the plane.

    levels: if wired, the density is that of a noisy level.
    index: which of the levels; 0 is the noisiest, -1 the last.
    title: what stands above.
    """
    return _plane(Paper(width, height, title), mixture, _level(levels, index), reach, lambda axes: None)


@ng.node
def points(
    points: ng.Tensor | ng.Latent | ng.Points,
    mixture: ng.Mixture | None = None,
    *,
    title: str = "",
    reach: Reach = 2.4,
    width: Side = 300,
    height: Side = 320,
) -> ng.Image:
    """Points in the plane, [batch, 2].

    mixture: if wired, its density stands behind them.
    title: what stands above.
    """
    return _plane(Paper(width, height, title), mixture, None, reach, lambda axes: plane.dots(axes, points))


@ng.node
def snapshot(
    trajectory: Trajectory,
    mixture: ng.Mixture | None = None,
    *,
    index: int = -1,
    title: str = "",
    reach: Reach = 2.4,
    width: Side = 300,
    height: Side = 320,
) -> ng.Image:
    """Where the points of a walk are after some of its steps.

    mixture: if wired, its density at that level stands behind them.
    index: after how many steps; -1 is the end.
    title: what stands above.
    """
    states, levels = trajectory
    if len(states) != len(levels):
        raise ng.NodeError("the sampler chose its levels itself", "plot its paths, or take another sampler")
    level = _level(levels, index)
    return _plane(Paper(width, height, title), mixture, level, reach, lambda axes: plane.dots(axes, states[index]))


@ng.node
def paths(
    trajectory: Trajectory,
    mixture: ng.Mixture | None = None,
    exact: ng.Tensor | ng.Latent | ng.Points | None = None,
    *,
    shown: Shown = 12,
    title: str = "",
    reach: Reach = 2.4,
    width: Side = 300,
    height: Side = 320,
) -> ng.Image:
    """The ways that the points of a walk take through the plane, and where all of them end.

    mixture: if wired, its density stands behind them.
    exact: if wired, where the points should end: a cross for each whose way is drawn.
    shown: of how many points the way is drawn.
    title: what stands above.
    """

    def draw(axes: Axes) -> None:
        plane.paths(axes, trajectory.states, shown, exact)

    return _plane(Paper(width, height, title), mixture, None, reach, draw)


@ng.node
def score(
    denoiser: ng.Denoiser,
    levels: ng.Levels,
    mixture: ng.Mixture | None = None,
    *,
    index: int = -1,
    title: str = "",
    reach: Reach = 2.4,
    width: Side = 300,
    height: Side = 320,
) -> ng.Image:
    """The score in the plane as arrows: where data get more probable.

    denoiser: of points, [batch, 2].
    mixture: if wired, its density at that level stands behind them.
    index: at which of the levels; 0 is the noisiest, -1 the last, which must have noise.
    title: what stands above.
    """
    level = _level(levels, index)
    assert level is not None
    if level.sigma == 0:
        raise ng.NodeError("the score of clean data", "take a level with noise")
    return _plane(
        Paper(width, height, title), mixture, level, reach, lambda axes: plane.arrows(axes, denoiser, level, reach)
    )


@ng.node
def curves(
    curves: list[Curve],
    *,
    labels: tuple[str, ...] = (),
    title: str = "",
    x_label: str = "",
    y_label: str = "",
    x_scale: chart.Scale = "log",
    y_scale: chart.Scale = "log",
    mark: chart.Mark = "line",
    alike: Annotated[int, Field(ge=1, le=3)] = 1,
    orders: tuple[Order, ...] = (),
    width: Side = 900,
    height: Side = 560,
) -> ng.Image:
    """Curves over one axis, each with its label.

    labels: one a curve.
    title: what stands above.
    mark: line joins the values of a curve, dots does not.
    alike: so many neighbours share a colour and differ in their dashes.
    orders: dotted lines that fall with these powers of x, to compare with; on two log axes.
    """

    def draw(axes: Axes) -> None:
        axes.set(xlabel=x_label, ylabel=y_label)
        for set_scale, scale in ((axes.set_xscale, x_scale), (axes.set_yscale, y_scale)):
            set_scale(scale, **{"nonpositive": "mask"} if scale == "log" else {})
        chart.curves(axes, curves, labels, mark, alike)
        if orders:
            chart.slopes(axes, orders, curves)
        _legend(axes, labels)

    return drawn(Paper(width, height, title), draw)


@ng.node
def histogram(
    values: list[ng.Tensor],
    *,
    labels: tuple[str, ...] = (),
    bins: Bins = 40,
    title: str = "",
    x_label: str = "",
    width: Side = 900,
    height: Side = 560,
) -> ng.Image:
    """How often values occur.

    labels: one a tensor.
    bins: into how many ranges of equal width the values are sorted.
    title: what stands above.
    """

    def draw(axes: Axes) -> None:
        axes.set(xlabel=x_label, ylabel="how many")
        chart.histogram(axes, values, labels, bins)
        _legend(axes, labels)

    return drawn(Paper(width, height, title), draw)


@ng.node
def bars(
    values: list[ng.Tensor],
    *,
    labels: tuple[str, ...] = (),
    names: tuple[str, ...] = (),
    title: str = "",
    y_label: str = "",
    width: Side = 900,
    height: Side = 560,
) -> ng.Image:
    """A few numbers as bars, those of several tensors side by side.

    values: each [items].
    labels: one a tensor.
    names: one an item.
    title: what stands above.
    """

    def draw(axes: Axes) -> None:
        axes.set(ylabel=y_label)
        chart.bars(axes, values, labels, names)
        _legend(axes, labels)

    return drawn(Paper(width, height, title), draw)


def _plane(
    paper: Paper, mixture: ng.Mixture | None, level: ng.Level | None, reach: float, draw: Callable[[Axes], None]
) -> ng.Image:
    """What `draw` draws, before the density of the mixture."""

    def both(axes: Axes) -> None:
        plane.frame(axes, reach)
        if mixture is not None:
            plane.density(axes, mixture, level, reach)
        draw(axes)

    return drawn(paper, both)


def _level(levels: ng.Levels | None, index: int) -> ng.Level | None:
    if levels is None:
        return None
    if not -len(levels) <= index < len(levels):
        raise ng.NodeError(f"no level {index} of {len(levels)}", f"they are 0 to {len(levels) - 1}, or -1 for the last")
    return levels[index]


def _legend(axes: Axes, labels: Sequence[str]) -> None:
    if labels:
        axes.legend()


@ng.hookimpl
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The nodes of this file."""
    return [density, points, snapshot, paths, score, curves, histogram, bars]
