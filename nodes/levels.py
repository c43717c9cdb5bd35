"""Grids of noise levels as nodes: where a sampler stops on its way from noise to data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import noisegraph as ng

from .grids import beta, cut, named, noise, time

FAMILIES = (
    beta,
    cut,
    named,
    noise,
    time,
)
"""Modules whose NODES are grids."""


@ng.hookimpl
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The grids of every family."""
    return [grid for family in FAMILIES for grid in family.NODES]
