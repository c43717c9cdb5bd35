"""What `noisegraph show` tells of weights that training stored: their card, and the node that loads them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import noisegraph as ng

from ..checkpoints.checkpoint import opened
from ..checkpoints.describe import whole
from ..checkpoints.stored import stored
from .checked import checked
from .kinds import kind_of

_SECTIONS = ("autoencoder", "encoder", "process", "training", "augmentation", "network")
"""What stands in a card under names of its own."""


def described(path: Path) -> Mapping[str, Mapping[str, str]] | None:
    """Sections of rows; None where no card of ours lies beside. Raises NodeError for weights that it does not fit."""
    if path.suffix.lower() != ".safetensors":
        return None
    try:
        of = stored(path)
        kind = kind_of(of)
    except ng.NodeError:
        return None
    checked(str(path), kind.node)
    first = {"what": kind.what, "loads with": kind.node, **_rows(of.card)}
    sections = {name: _rows(of.card[name]) for name in _SECTIONS if isinstance(of.card.get(name), Mapping)}
    return {"file": whole(opened(str(path))), "card": first, **sections}


def _rows(told: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in told.items() if value is not None and not isinstance(value, Mapping)}
