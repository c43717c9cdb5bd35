"""The weights of an Adams method whose integrand fades exponentially."""

from __future__ import annotations

import math


def weights(rate: float, h: float, nodes: list[float]) -> list[float]:
    """The integral of rate e^(-rate u) l_j(u) over u from 0 to h, l_j being the polynomial that is 1 at node j alone.

    nodes: where the polynomials are 1 or 0, all different.
    """
    import numpy

    powers = numpy.vander(numpy.array(nodes) / h, increasing=True).T
    found: list[float] = numpy.linalg.solve(powers, moments(rate * h, len(nodes))).tolist()
    return found


def moments(z: float, count: int) -> list[float]:
    """The integrals of z e^(-z v) v^n over v from 0 to 1, for n < count; by series where the recursion cancels."""
    if z > 1:
        found = [-math.expm1(-z)]
        for n in range(1, count):
            found.append(n / z * found[-1] - math.exp(-z))
        return found
    return [sum((-z) ** k * z / (math.factorial(k) * (n + k + 1)) for k in range(20)) for n in range(count)]
