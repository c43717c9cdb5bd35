"""A grid of levels by its name, for graphs that are run with several: which one it is becomes a parameter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import noisegraph as ng

from . import beta, noise, time
from .ends import Steps

ScheduleName = Literal[
    "karras",
    "exponential",
    "polyexponential",
    "log_snr",
    "beta",
    "normal",
    "simple",
    "sgm_uniform",
    "uniform",
    "trailing",
    "linspace",
    "align_your_steps",
]
_MADE: Mapping[str, Callable[..., ng.Levels]] = {
    node.__name__: node for module in (beta, noise, time) for node in module.NODES
}


@ng.node(early=True)
def named(process: ng.Process, *, name: ScheduleName = "karras", steps: Steps = 20) -> ng.Levels:
    """The levels of a name, down to clean data, so that a run or a sweep may choose.

    name: the node that it is otherwise, without `levels.`; trailing and linspace are spacings of levels.uniform
    """
    if name in ("trailing", "linspace"):
        return _MADE["uniform"](process, steps=steps, spacing=name)
    if name in ("simple", "sgm_uniform"):
        return _MADE[name](process, steps=steps)
    return _MADE[name](process, steps=steps, end="data")


NODES = (named,)
