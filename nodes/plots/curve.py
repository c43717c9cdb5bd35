"""A curve as data: what is measured, and what it depends on."""

from __future__ import annotations

from typing import NamedTuple


class Curve(NamedTuple):
    """y over x, point by point, and where each has one, the ends of its interval."""

    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
