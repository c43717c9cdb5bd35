"""Numbers as a chart: curves over an axis, a histogram, and bars side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import noisegraph as ng

from .canvas import INK, PALETTE
from .curve import Curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Scale = Literal["linear", "log"]
Mark = Literal["line", "dots"]
Intervals = Literal["shaded", "hidden"]
DASHES = ("solid", (0, (5, 1.5)), (0, (1.5, 1.2)))
MARKS = "osD^vPX*"
DOT = 10
"""The area of a dot, in points."""
FEW = 8
"""So many numbers stand along an axis without touching."""


def curves(
    axes: Axes, found: Sequence[Curve], labels: Sequence[str], mark: Mark, alike: int, intervals: Intervals
) -> None:
    """A line with a mark at every value, or the marks alone; `alike` neighbours share a colour, not a dash.

    Dots of earlier curves are larger, so that what lies on one another shows.
    """
    for index, (curve, label) in enumerate(zip(found, labelled(labels, len(found)), strict=True)):
        colour = PALETTE[index // alike % len(PALETTE)]
        if mark == "dots":
            area = DOT * (1 + 2 * (len(found) - 1 - index))
            axes.scatter(curve.x, curve.y, s=area, color=colour, alpha=0.7, linewidths=0, label=label)
            continue
        if curve.low and intervals == "shaded":
            axes.fill_between(curve.x, curve.low, curve.high, color=colour, alpha=0.15, linewidth=0)
        symbol = MARKS[index % len(MARKS)] if len(curve.x) <= 40 else ""
        dash = DASHES[index % alike % len(DASHES)]
        axes.plot(curve.x, curve.y, color=colour, linestyle=dash, marker=symbol, markersize=4, label=label)
    _number(axes, sorted({x for curve in found for x in curve.x}))
    axes.grid(True)
    axes.set_axisbelow(True)


def _number(axes: Axes, counts: Sequence[float]) -> None:
    """Where x counts something, plain whole numbers along its axis; on a log axis the counts themselves, if few."""
    from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator, StrMethodFormatter

    if not all(float(x).is_integer() for x in counts):
        return
    if axes.get_xscale() == "linear":
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        return
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:.0f}"))
    axes.xaxis.set_minor_formatter("")
    if len(counts) <= FEW:
        axes.xaxis.set_major_locator(FixedLocator(list(counts)))
        axes.xaxis.set_minor_locator(NullLocator())


def slopes(axes: Axes, orders: Sequence[int], found: Sequence[Curve]) -> None:
    """For each order a thin line that falls like it, from the first value of all; on two log axes."""
    left, right = min(min(curve.x) for curve in found), max(max(curve.x) for curve in found)
    bottom, top = axes.get_ylim()
    first = max(max(curve.y) for curve in found)
    for order in orders:
        end = min(right, left * (first / bottom * 0.7) ** (1 / order))  # where the line leaves the axes
        if end > left:
            place = (end, first * (left / end) ** order)
            axes.plot((left, end), (first, place[1]), color=INK, linewidth=0.8, linestyle=":")
            axes.annotate(f"order {order}", place, (8, 0), textcoords="offset points", fontsize=8, va="center")
    axes.set_ylim(bottom, top)


def histogram(axes: Axes, values: Sequence[ng.Tensor], labels: Sequence[str], bins: int) -> None:
    """How often each range of values occurs, the ranges common to all."""
    import numpy

    arrays = [tensor.detach().cpu().flatten().double().numpy() for tensor in values]
    edges = numpy.histogram_bin_edges(numpy.concatenate(arrays), bins).tolist()
    for index, (array, label) in enumerate(zip(arrays, labelled(labels, len(arrays)), strict=True)):
        colour = PALETTE[index % len(PALETTE)]
        axes.hist(array, edges, color=colour, alpha=0.75 if len(arrays) == 1 else 0.5, label=label)


def bars(axes: Axes, values: Sequence[ng.Tensor], labels: Sequence[str], names: Sequence[str]) -> None:
    """One group of bars an item, one bar a tensor [items] in each."""
    sizes = {tensor.numel() for tensor in values}
    if len(sizes) != 1:
        raise ng.NodeError(f"bars of {sorted(sizes)} items side by side", "give as many in each")
    (items,) = sizes
    width = 0.8 / len(values)
    for index, (tensor, label) in enumerate(zip(values, labelled(labels, len(values)), strict=True)):
        places = [item + (index - (len(values) - 1) / 2) * width for item in range(items)]
        axes.bar(places, tensor.flatten().tolist(), width * 0.92, color=PALETTE[index % len(PALETTE)], label=label)
    axes.set_xticks(range(items), labelled(names, items))
    axes.tick_params(axis="x", length=0)
    axes.grid(True, axis="y")
    axes.set_axisbelow(True)


def labelled(labels: Sequence[str], count: int) -> list[str]:
    """One label each; empty ones, where none are given; raises NodeError for a wrong number."""
    if labels and len(labels) != count:
        raise ng.NodeError(f"{len(labels)} labels for {count}", "give one each, or none")
    return list(labels) or [""] * count
