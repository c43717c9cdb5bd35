"""CFG-Zero* for noisegraph: classifier-free guidance for flow matching (Fan et al. 2025)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import noisegraph as ng

from .star import star


@ng.hookimpl
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The nodes of this package."""
    return [star]
