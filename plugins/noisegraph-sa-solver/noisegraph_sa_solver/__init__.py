"""SA-Solver for noisegraph: a stochastic Adams method for diffusion SDEs (Xue et al. 2023)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import noisegraph as ng

from .solver import solver


@ng.hookimpl
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The nodes of this package."""
    return [solver]
