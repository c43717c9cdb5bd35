"""Plots of numbers over an axis: curves, histograms and bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import noisegraph as ng
from pydantic import Field

from . import chart
from .canvas import Paper, Side, Title, drawn
from .curve import Curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Bins = Annotated[int, Field(ge=1, le=1000)]
Order = Annotated[int, Field(ge=1, le=10)]


@ng.node
def curves(
    curves: list[Curve],
    *,
    labels: tuple[str, ...] = (),
    title: Title = "",
    x_label: str = "",
    y_label: str = "",
    x_scale: chart.Scale = "log",
    y_scale: chart.Scale = "log",
    mark: chart.Mark = "line",
    alike: Annotated[int, Field(ge=1, le=3)] = 1,
    orders: tuple[Order, ...] = (),
    intervals: chart.Intervals = "shaded",
    width: Side = 900,
    height: Side = 560,
) -> ng.Image:
    """Curves over one axis, each with its label; the 95 % interval of each value that has one is shaded.

    labels: one a curve.
    mark: line joins the values of a curve, dots does not.
    alike: so many neighbours share a colour and differ in their dashes.
    orders: dotted lines that fall with these powers of x, to compare with; on two log axes.
    intervals: each is of its value alone; curves of the same seeds and data may be compared more sharply than by them.
    """

    def draw(axes: Axes) -> None:
        axes.set(xlabel=x_label, ylabel=y_label)
        for set_scale, scale in ((axes.set_xscale, x_scale), (axes.set_yscale, y_scale)):
            set_scale(scale, **{"nonpositive": "mask"} if scale == "log" else {})
        chart.curves(axes, curves, labels, mark, alike, intervals)
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
    title: Title = "",
    x_label: str = "",
    width: Side = 900,
    height: Side = 560,
) -> ng.Image:
    """How often values occur.

    labels: one a tensor.
    bins: into how many ranges of equal width the values are sorted.
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
    title: Title = "",
    y_label: str = "",
    width: Side = 900,
    height: Side = 560,
) -> ng.Image:
    """A few numbers as bars, those of several tensors side by side.

    values: each [items].
    labels: one a tensor.
    names: one an item.
    """

    def draw(axes: Axes) -> None:
        axes.set(ylabel=y_label)
        chart.bars(axes, values, labels, names)
        axes.margins(y=0.05 + 0.1 * len(labels))  # room above the bars for the legend
        _legend(axes, labels)

    return drawn(Paper(width, height, title), draw)


def _legend(axes: Axes, labels: Sequence[str]) -> None:
    """Beside what is drawn, where so many labels would hide it."""
    if len(labels) > chart.FEW:
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    elif labels:
        axes.legend()


NODES = (curves, histogram, bars)
