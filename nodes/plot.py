"""Plots as pictures: in the plane, and over an axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import noisegraph as ng

from .plots import in_plane, over_axis


@ng.hookimpl
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The plots of both kinds."""
    return [*in_plane.NODES, *over_axis.NODES]
