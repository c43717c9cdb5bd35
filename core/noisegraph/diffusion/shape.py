"""The shape of what a model diffuses, known before any tensor is made."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    """The sizes of one latent without the batch: (channels, height, width), or (dimensions,) for points."""

    sizes: tuple[int, ...]
