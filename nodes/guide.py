"""Guidance as nodes: a denoiser made of denoisers, or a sampler that keeps to what it is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import noisegraph as ng

from .guidance import (
    apg,
    cfg,
    classifier,
    clip,
    compose,
    edit,
    ilvr,
    inpaint,
    perp_neg,
    repaint,
    rescale,
    schedule,
    threshold,
)

METHODS = (
    cfg,
    schedule,
    rescale,
    apg,
    perp_neg,
    compose,
    edit,
    classifier,
    clip,
    threshold,
    inpaint,
    repaint,
    ilvr,
)
"""Modules whose NODES are guidance."""


@ng.hookimpl
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The nodes of every method."""
    return [node for method in METHODS for node in method.NODES]
