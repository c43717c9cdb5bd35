"""A figure as a picture: the same pixels on every machine, whatever the user's own matplotlib is set to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, NamedTuple

import noisegraph as ng
from pydantic import Field

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Side = Annotated[int, Field(ge=100, le=8000, description="in pixels")]
Title = Annotated[str, Field(description="what stands above")]
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F7F7F", "#000000")
"""Okabe and Ito's colours, which eyes of every kind tell apart (2008); their yellow is too light for lines."""
INK = "#333333"
DPI = 100
STYLE = {
    "font.family": "DejaVu Sans",  # comes with matplotlib
    "font.size": 9.0,
    "axes.titlesize": 9.5,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.6,
}


class Paper(NamedTuple):
    """The picture's size in pixels, and what stands above it."""

    width: int
    height: int
    title: str


def drawn(paper: Paper, draw: Callable[[Axes], None]) -> ng.Image:
    """The picture of what `draw` puts between one pair of axes, [1, 3, height, width]."""
    import numpy
    import torch
    from matplotlib import style
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with style.context(["default", STYLE]):
        figure = Figure((paper.width / DPI, paper.height / DPI), dpi=DPI, layout="constrained")
        canvas = FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        axes.set_title(paper.title)
        draw(axes)
        canvas.draw()  # type: ignore[no-untyped-call]
    pixels = numpy.asarray(canvas.buffer_rgba())[:, :, :3].copy()  # type: ignore[no-untyped-call]
    values = torch.from_numpy(pixels).to(torch.get_default_device())
    return ng.Image(values.permute(2, 0, 1)[None].float() / 255)
