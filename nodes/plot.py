"""Plots as pictures: in the plane, over an axis, and of layouts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import noisegraph as ng

from .plots import in_plane, layouts, over_axis


@ng.hookimpl
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The plots of every kind."""
    return [*in_plane.NODES, *over_axis.NODES, *layouts.NODES]
