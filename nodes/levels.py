"""Grids of noise levels as nodes: where a sampler stops on its way from noise to data."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

import noisegraph as ng
from pydantic import Field

Steps = Annotated[int, Field(ge=1, le=100_000, description="how many steps the grid has")]
End = Literal["data", "sigma_min"]


@ng.node(early=True)
def uniform(
    process: ng.Process,
    *,
    steps: Steps = 20,
    spacing: Literal["leading", "trailing", "linspace"] = "leading",
    end: End = "data",
    offset: Annotated[int, Field(ge=0)] = 0,
) -> ng.Levels:
    """Levels in equal distances of time.

    spacing: leading begins below t_max and holds t_min, trailing holds t_max, linspace holds both.
    end: the last step goes to clean data, or to the least noisy level that the process has.
    offset: added to every index of a discrete process with leading spacing (Stable Diffusion 1 has 1).
    """
    asked = steps if end == "data" else steps + 1
    times = _times(process, asked, spacing, offset)
    points = [process.level(t) for t in times]
    if end == "data":
        points.append(process.at_log_snr(math.inf))
    elif points[-1].t > process.t_min:
        points[-1] = process.level(process.t_min)
    return ng.Levels(tuple(points), process)


def _times(process: ng.Process, count: int, spacing: str, offset: int) -> list[float]:
    low, high = process.t_min, process.t_max
    if not isinstance(process, ng.DiscreteVP):
        width = (high - low) / (count - 1 if spacing == "linspace" and count > 1 else count)
        first = high - width if spacing == "leading" else high
        return [max(first - index * width, low) for index in range(count)]
    total = process.steps
    if count > total:
        raise ng.NodeError(f"{count} levels of a process that has {total}", f"take at most {total} steps")
    if spacing == "leading":
        times = [index * (total // count) + offset for index in reversed(range(count))]
    elif spacing == "trailing":
        times = [round(total - index * total / count) - 1 for index in range(count)]
    else:
        times = [round(high - index * (high - low) / max(count - 1, 1)) for index in range(count)]
    if times[0] > high:
        raise ng.NodeError(f"an offset of {offset} leads beyond the last index, {total - 1}", "take a smaller one")
    return [float(t) for t in times]


@ng.hookimpl
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The nodes of this file."""
    return [uniform]
