"""The built-in model of points in the plane."""

from __future__ import annotations

import noisegraph as ng

from .from_card import Model
from .shipped import facts, model, version

ROLL = "swiss-roll"


@ng.node(early=True, facts=facts(ROLL, "swiss roll"), version=version(ROLL))
def swiss_roll() -> Model:
    """Points on a swiss roll, `mixture.swiss_roll`: a network that learned what the mixture knows exactly."""
    return model(ROLL)


NODES = (swiss_roll,)
