"""What is known of a value before it is made, so that what does not fit is told before any weight is loaded.

A node tells the facts of its value from those of its inputs: `@ng.node(facts=...)`. Facts are a mapping; what a fact
is called is up to the nodes that tell and read it, and these are the names that all agree on:

    family   the model's name, as in "sd1"; values of different families do not go together
    sizes    the shape of one item, without the batch: (channels, height, width)
    batch    how many items there are
    weights  bytes that a network's weights take
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import NodeError

Facts = Mapping[str, Any]
BYTES = 4
"""Of a number of a value: states and pictures are float32."""


def agree(fact: str, **values: Facts) -> Any:
    """The fact that the values (port -> facts) share, None where nobody knows it; raises NodeError where two differ."""
    known = {port: facts[fact] for port, facts in values.items() if isinstance(facts, Mapping) and fact in facts}
    if len({repr(value) for value in known.values()}) > 1:
        told = ", ".join(f"'{port}' has {_shown(value)}" for port, value in known.items())
        raise NodeError(f"{fact} must be the same: {told}", "wire what was made with the same model")
    return next(iter(known.values()), None)


def _shown(value: Any) -> str:
    return " x ".join(map(str, value)) if isinstance(value, tuple) else str(value)


@dataclass(frozen=True)
class Memory:
    """Bytes that a run will want, as far as its nodes tell: for weights, and for the largest value."""

    weights: int
    largest: int


def memory(facts: Iterable[Facts]) -> Memory:
    """What the values with these facts take."""
    weights: set[tuple[Any, int]] = set()
    largest = 0
    for one in facts:
        parts = [one, *(part for part in one.values() if isinstance(part, Mapping))]
        weights |= {(part.get("family"), int(part["weights"])) for part in parts if "weights" in part}
        largest = max([largest, *(_bytes(part) for part in parts)])
    return Memory(sum(size for _, size in weights), largest)


def _bytes(facts: Facts) -> int:
    return math.prod((*facts["sizes"], facts["batch"], BYTES)) if "sizes" in facts and "batch" in facts else 0
