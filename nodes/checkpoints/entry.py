"""One tensor as a file lists it."""

from __future__ import annotations

import math
import struct
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


SCALE = "scale_factor"
"""A tensor of one number, by which latent diffusion has its latents multiplied: it stands among a file's notes too."""
_FORMATS = {"float16": "<e", "float32": "<f", "float64": "<d"}


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


def scale_note(entry: Entry, data: bytes) -> dict[str, str]:
    """The note for a scale whose tensor has these bytes; none where they are no number."""
    if entry.numel != 1 or entry.dtype not in _FORMATS or len(data) < entry.size:
        return {}
    return {SCALE: str(struct.unpack_from(_FORMATS[entry.dtype], data)[0])}


Entries: TypeAlias = Mapping[str, Entry]
"""Tensors by name."""


def under(entries: Entries, prefix: str) -> dict[str, Entry]:
    """Those whose name begins with the prefix, by the rest of it."""
    return {name[len(prefix) :]: entry for name, entry in entries.items() if name.startswith(prefix)}
