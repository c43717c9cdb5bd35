"""The state of samplers that remember nothing but where they are."""

from __future__ import annotations

from typing import NamedTuple

import noisegraph as ng


class Position(NamedTuple):
    """x [batch, ...], the state at the step's level."""

    x: ng.Tensor
