"""A network as training stored it: its weights in a file, and beside it the card that says what they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import noisegraph as ng

LARGEST = 2**20
"""Bytes of a card."""
_BESIDE = "train.weights writes both: put them side by side, under one name"


class Stored(NamedTuple):
    """A weights file, and what its card says: data, licence, network, process, training."""

    path: Path
    card: Mapping[str, Any]


def stored(path: Path) -> Stored:
    """The weights file NAME.safetensors with its card NAME.json; raises NodeError where that is missing or is none."""
    place = path.with_suffix(".json")
    if not path.is_file():
        raise ng.NodeError(f"there is no weights file '{path}'", "install the model again, or name another")
    if place.is_symlink() or not place.is_file():
        raise ng.NodeError(f"the weights '{path}' have no card '{place.name}' beside them", _BESIDE)
    try:
        if place.stat().st_size > LARGEST:
            raise ValueError(f"it has more than {LARGEST} bytes")
        card = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ng.NodeError(f"the card '{place}' cannot be read: {error}", _BESIDE) from None
    if not isinstance(card, dict) or not isinstance(card.get("network"), dict):
        raise ng.NodeError(f"'{place}' is no card: it describes no network", _BESIDE)
    return Stored(path, card)


def digest(path: Path) -> str:
    """The hash of the contents of a weights file and of its card, in hex."""
    from blake3 import blake3

    both = ng.digest(path) + ng.digest(path.with_suffix(".json"))
    return str(blake3(both.encode()).hexdigest())


def size(path: Path) -> int:
    """Bytes of a weights file."""
    return path.stat().st_size
