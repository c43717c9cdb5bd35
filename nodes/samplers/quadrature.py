"""Integrals of Lagrange polynomials: the weights of Adams-Bashforth methods on grids of any spacing."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence


def gauss_legendre(integrand: Callable[[float], float], start: float, end: float, points: int) -> float:
    """The integral from start to end; exact for polynomials of degree 2 points - 1."""
    from numpy.polynomial.legendre import leggauss

    nodes, weights = leggauss(points)
    middle, half = (start + end) / 2, (end - start) / 2
    return half * math.fsum(
        float(weight) * integrand(middle + half * float(node)) for node, weight in zip(nodes, weights, strict=True)
    )


def lagrange(nodes: Sequence[float], index: int, z: float) -> float:
    """The polynomial that is 1 at nodes[index] and 0 at the others."""
    return math.prod((z - node) / (nodes[index] - node) for other, node in enumerate(nodes) if other != index)


def adams_bashforth(nodes: Sequence[float], start: float, end: float) -> list[float]:
    """The integrals of the Lagrange polynomials of up to four nodes: exact, as their degree is at most 3."""
    return [
        gauss_legendre(lambda z, index=index: lagrange(nodes, index, z), start, end, 2)  # type: ignore[misc]
        for index in range(len(nodes))
    ]
