"""One tensor as a file lists it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

BITS = {
    "float64": 64,
    "float32": 32,
    "float16": 16,
    "bfloat16": 16,
    "float8_e4m3fn": 8,
    "float8_e5m2": 8,
    "int64": 64,
    "int32": 32,
    "int16": 16,
    "int8": 8,
    "uint8": 8,
    "bool": 8,
}
"""How many bits a number takes, by torch's name of its type."""


class Entry(NamedTuple):
    """A tensor that lies in a file under a name."""

    shape: tuple[int, ...]
    dtype: str
    file: str
    name: str
    start: int = -1
    """At which byte of the file it begins; -1 where only torch can take it out."""

    @property
    def numel(self) -> int:
        """How many numbers there are."""
        return math.prod(self.shape)

    @property
    def size(self) -> int:
        """How many bytes they take."""
        return self.numel * BITS.get(self.dtype, 32) // 8


Entries: TypeAlias = Mapping[str, Entry]
"""Tensors by name."""


def under(entries: Entries, prefix: str) -> dict[str, Entry]:
    """Those whose name begins with the prefix, by the rest of it."""
    return {name[len(prefix) :]: entry for name, entry in entries.items() if name.startswith(prefix)}
