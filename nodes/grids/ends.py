"""How a grid ends: with a last step to clean data, or at the least noisy level of its process."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Literal

import noisegraph as ng
from pydantic import Field

Steps = Annotated[int, Field(ge=1, le=100_000, description="how many steps the grid has")]
End = Literal["data", "sigma_min"]


def count(steps: int, end: End) -> int:
    """How many levels of the process a grid of that many steps has, clean data not counted."""
    return steps if end == "data" else steps + 1


def ended(points: Sequence[ng.Level], process: ng.Process, end: End) -> ng.Levels:
    """The points as a grid: clean data behind them, where the last step goes there.

    Raises NodeError where two neighbours coincide, as a coarse schedule makes them for many steps, or do not fall.
    """
    clean = [process.at_log_snr(math.inf)] if end == "data" else []
    for index, (here, there) in enumerate(pairwise(points)):
        if not here.log_snr < there.log_snr:
            told = (
                f"the noise does not fall from level {index} to level {index + 1}: {_told(here)}, then {_told(there)}"
            )
            hint = "take fewer steps" if here == there else "write levels from noise to data, each below the one before"
            raise ng.NodeError(told, hint)
    return ng.Levels((*points, *clean), process)


def _told(level: ng.Level) -> str:
    return f"sigma / alpha {level.ratio:g} (t={level.t:g})"
