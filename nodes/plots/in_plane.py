"""Plots of data in the plane: densities, points, the paths that they take, and scores."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import noisegraph as ng
from pydantic import Field

from ..samplers.trajectory import Trajectory
from . import plane
from .canvas import Paper, Side, Title, drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Reach = Annotated[float, Field(gt=0, description="the plane is shown from -reach to reach, both ways")]
Shown = Annotated[int, Field(ge=0, le=10_000)]
# Each plot lists title, reach, width and height itself: a node's parameters are its signature, and graphs name them.


@ng.node
def density(
    mixture: ng.Mixture,
    levels: ng.Levels | None = None,
    *,
    index: int = 0,
    title: Title = "",
    reach: Reach = 2.4,
    width: Side = 300,
    height: Side = 320,
) -> ng.Image:
    """The density of a mixture in the plane.

    levels: if wired, the density is that of a noisy level.
    index: which of the levels; 0 is the noisiest, -1 the last.
    """
    return _plane(Paper(width, height, title), mixture, _level(levels, index), reach, lambda axes: None)


@ng.node
def points(
    points: ng.Tensor | ng.Latent | ng.Points,
    mixture: ng.Mixture | None = None,
    *,
    title: Title = "",
    reach: Reach = 2.4,
    width: Side = 300,
    height: Side = 320,
) -> ng.Image:
    """Points in the plane, [batch, 2].

    mixture: if wired, its density stands behind them.
    """
    return _plane(Paper(width, height, title), mixture, None, reach, lambda axes: plane.dots(axes, points))


@ng.node
def snapshot(
    trajectory: Trajectory,
    mixture: ng.Mixture | None = None,
    *,
    index: int = -1,
    title: Title = "",
    reach: Reach = 2.4,
    width: Side = 300,
    height: Side = 320,
) -> ng.Image:
    """Where the points of a walk are after some of its steps.

    mixture: if wired, its density at that level stands behind them.
    index: after how many steps; -1 is the end.
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
    title: Title = "",
    reach: Reach = 2.4,
    width: Side = 300,
    height: Side = 320,
) -> ng.Image:
    """The ways that the points of a walk take through the plane, and where all of them end.

    mixture: if wired, its density stands behind them.
    exact: if wired, where the points should end: a cross for each whose way is drawn.
    shown: of how many points the way is drawn.
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
    title: Title = "",
    reach: Reach = 2.4,
    width: Side = 300,
    height: Side = 320,
) -> ng.Image:
    """The score in the plane as arrows: where data get more probable.

    denoiser: of points, [batch, 2].
    mixture: if wired, its density at that level stands behind them.
    index: at which of the levels; 0 is the noisiest, -1 the last, which must have noise.
    """
    level = _level(levels, index)
    assert level is not None
    if level.sigma == 0:
        raise ng.NodeError("the score of clean data", "take a level with noise")
    return _plane(
        Paper(width, height, title), mixture, level, reach, lambda axes: plane.arrows(axes, denoiser, level, reach)
    )


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


NODES = (density, points, snapshot, paths, score)
