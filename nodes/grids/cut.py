"""Grids made of other grids, or of levels that are written down."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import noisegraph as ng
from pydantic import Field

from .ends import ended

Index = Annotated[int, Field(ge=0)]


@ng.node(early=True)
def explicit(
    process: ng.Process,
    *,
    values: Annotated[list[float], Field(min_length=2, max_length=100_001)],
    of: Literal["sigma", "time", "log_snr"] = "sigma",
) -> ng.Levels:
    """Levels as they are written down.

    values: from noise to data; a sigma of 0 is clean data.
    of: what is written: sigma / alpha, the process's time, or log-SNR.
    """
    if of == "sigma" and min(values) < 0:
        raise ng.NodeError(f"a sigma of {min(values):g}", "write levels of 0 and above")
    if of == "sigma":
        points = [ng.at_ratio(process, sigma) for sigma in values]
    else:
        points = [process.level(t) if of == "time" else process.at_log_snr(t) for t in values]
    return ended(points, process, "sigma_min")


@ng.node(early=True)
def slice(levels: ng.Levels, *, start: Index = 0, stop: Index | None = None) -> ng.Levels:
    """Some of the steps: from step `start` up to, not including, step `stop`; both count from 0.

    stop: all that is left, where it is not given.
    """
    last = levels.steps if stop is None else min(stop, levels.steps)
    if start >= last:
        raise ng.NodeError(f"no step is left from {start} to {last}", f"there are steps 0 to {levels.steps - 1}")
    return levels[start : last + 1]


@ng.node(early=True)
def strength(levels: ng.Levels, *, strength: Annotated[float, Field(gt=0, le=1)] = 0.6) -> ng.Levels:
    """The last part of the steps, for image to image: the first level is how much noise the picture gets.

    strength: the share of the steps that are done; 1 is all of them.
    """
    steps = max(math.floor(levels.steps * strength + 1e-9), 1)
    return levels[levels.steps - steps :]


@ng.node(early=True)
def reverse(levels: ng.Levels) -> ng.Levels:
    """The same levels from data to noise, for inversion."""
    return levels[::-1]


@ng.node(early=True)
def concatenate(first: ng.Levels, second: ng.Levels) -> ng.Levels:
    """One grid behind the other; a level at which the first ends and the second begins is kept once."""
    if first.process != second.process:
        raise ng.NodeError("the two grids are of different processes", "make both of the same")
    skipped = 1 if first[len(first) - 1] == second[0] else 0
    return ng.Levels((*first.points, *second.points[skipped:]), first.process)


NODES = (explicit, slice, strength, reverse, concatenate)
