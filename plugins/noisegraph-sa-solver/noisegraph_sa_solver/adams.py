"""The weights of an Adams method whose integrand fades exponentially."""

from __future__ import annotations

import math


def weights(rate: float, h: float, nodes: list[float], halved: bool = False) -> list[float]:
    """The integral of rate e^(-rate u) l_j(u) over u from 0 to h, l_j being the polynomial that is 1 at node j alone.

    nodes: where the polynomials are 1 or 0, all different.
    halved: of two nodes, a slope counts for rate h^2 / 2, which its integral is but for terms of h^3.
    """
    import numpy

    wanted = moments(rate * h, len(nodes))
    if halved and len(nodes) == 2:
        wanted[1] = wanted[0] - rate * h / 2
    powers = numpy.vander(numpy.array(nodes) / h, increasing=True).T
    found: list[float] = numpy.linalg.solve(powers, wanted).tolist()
    return found


def moments(z: float, count: int) -> list[float]:
    """The integrals of z e^(-z v) v^n over v from 0 to 1, for n < count; by series where the recursion cancels."""
    if z > 1:
        found = [-math.expm1(-z)]
        for n in range(1, count):
            found.append(n / z * found[-1] - math.exp(-z))
        return found
    return [sum((-z) ** k * z / (math.factorial(k) * (n + k + 1)) for k in range(20)) for n in range(count)]
