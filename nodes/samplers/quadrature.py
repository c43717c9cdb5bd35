"""Integrals of Lagrange polynomials: the weights of Adams-Bashforth methods on grids of any spacing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray


@cache
def gauss_legendre(points: int) -> tuple[NDArray[float64], NDArray[float64]]:
    """Nodes and weights on 0 ... 1, exact for polynomials of degree 2 points - 1."""
    from numpy.polynomial.legendre import leggauss

    nodes, weights = leggauss(points)
    return (1 + nodes) / 2, weights / 2


def lagrange(nodes: Sequence[float], index: int, z: NDArray[float64] | float) -> NDArray[float64] | float:
    """The polynomial that is 1 at nodes[index] and 0 at the others."""
    value: NDArray[float64] | float = 1.0
    for other, node in enumerate(nodes):
        if other != index:
            value = value * ((z - node) / (nodes[index] - node))
    return value


def adams_bashforth(nodes: Sequence[float], start: float, end: float) -> list[float]:
    """The integrals of the Lagrange polynomials of up to four nodes, for whose degree two points are exact."""
    middle, half = (start + end) / 2, (end - start) / 2
    low, high = middle - half / math.sqrt(3), middle + half / math.sqrt(3)
    return [half * float(lagrange(nodes, index, low) + lagrange(nodes, index, high)) for index in range(len(nodes))]
