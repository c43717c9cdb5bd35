"""Data of two dimensions in the plane: a density, points, the paths that they take, and scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import noisegraph as ng

from .canvas import INK, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CELLS = 120
"""The density is looked up at so many places along either side."""
ARROWS = 18
"""So many arrows of a score stand along either side."""
DARKEST = 0.45
"""How far the colours of the density go, so that points stand out before it."""


def frame(axes: Axes, reach: float) -> None:
    """A square from -reach to reach, its scale without a frame around it."""
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", xticks=(), yticks=())
    axes.spines[:].set_visible(True)
    axes.spines[:].set_color("#BBBBBB")


def density(axes: Axes, mixture: ng.Mixture, level: ng.Level | None, reach: float) -> None:
    """The density of p_t as shades of grey, the square root taken, so that thin parts are seen."""
    import numpy
    import torch
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    if mixture.dimensions != 2:
        raise ng.NodeError(f"a density of {mixture.dimensions} dimensions", "a plane has 2")
    shades = ListedColormap(colormaps["Greys"](numpy.linspace(0, DARKEST, 256)))
    line = (torch.arange(CELLS, dtype=torch.float64, device="cpu") + 0.5) / CELLS * 2 * reach - reach
    points = torch.stack(torch.meshgrid(line, line, indexing="xy"), -1).reshape(-1, 2)
    logs = mixture.log_density(points) if level is None else mixture.log_density(points, level)
    heights = (logs / 2).exp().reshape(CELLS, CELLS).numpy()
    axes.imshow(heights, cmap=shades, extent=(-reach, reach, -reach, reach), origin="lower", interpolation="bilinear")


def dots(axes: Axes, points: ng.Tensor, colour: str = PALETTE[0]) -> None:
    """Each point as a dot; the more there are, the smaller."""
    x, y = plane(points).T
    size = 14 if len(x) <= 100 else 5 if len(x) <= 1000 else 2
    axes.scatter(x, y, s=size, color=colour, alpha=0.55, linewidths=0, zorder=3)


def paths(axes: Axes, states: ng.Tensor, shown: int, exact: ng.Tensor | None) -> None:
    """The ways of the first points, a dot at every step, and where all of them end; states are [steps + 1, batch, 2].

    exact: where the points should end: a cross for each of those whose way is shown.
    """
    dots(axes, states[-1], INK)
    for index in range(min(shown, states.shape[1])):
        x, y = plane(states[:, index]).T
        colour = PALETTE[index % 6]
        axes.plot(x, y, color=colour, linewidth=1.0, marker=".", markersize=3.2, zorder=4)
        axes.scatter(x[:1], y[:1], s=16, facecolors="white", edgecolors=colour, linewidths=1.0, zorder=5)
        if exact is not None:
            end_x, end_y = plane(exact)[index].tolist()
            axes.scatter(end_x, end_y, s=26, marker="x", color=colour, linewidths=1.2, zorder=6)


def arrows(axes: Axes, denoiser: ng.Denoiser, level: ng.Level, reach: float) -> None:
    """The score at a level; the square root of its length taken, so that the weak parts are seen."""
    import torch

    line = (torch.arange(ARROWS, dtype=torch.float32, device=ng.device()) + 0.5) / ARROWS * 2 * reach - reach
    points = torch.stack(torch.meshgrid(line, line, indexing="xy"), -1).reshape(-1, 2)
    with torch.no_grad():
        score = plane(ng.score(denoiser, points, level)).double()
    (x, y), (dx, dy) = plane(points).T, (score / score.norm(dim=1, keepdim=True).clamp(min=1e-12).sqrt()).T
    axes.quiver(x, y, dx, dy, color=PALETTE[0], angles="xy", width=0.0035, zorder=3)


def plane(points: ng.Tensor) -> ng.Tensor:
    """Points [batch, 2], on the CPU; raises NodeError for any other shape."""
    if points.dim() != 2 or points.shape[1] != 2:
        raise ng.NodeError(f"points of shape {tuple(points.shape)} in a plane", "give [batch, 2]")
    return points.detach().cpu()
