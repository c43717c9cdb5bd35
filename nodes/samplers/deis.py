"""DEIS: exponential integrators whose noise is a polynomial through the evaluations (Zhang & Chen 2023)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Literal

import noisegraph as ng
from pydantic import Field

from .edm import euler_step, needs_signal
from .history import History
from .lms import advanced
from .quadrature import adams_bashforth, gauss_legendre, lagrange
from .state import Position

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

    Quadrature = tuple[NDArray[float64], NDArray[float64]]

Variable = Literal["t", "rho", "log_rho"]
PLACE: dict[Variable, Callable[[ng.Level], float]] = {
    "t": lambda level: level.t,
    "rho": lambda level: level.ratio,
    "log_rho": lambda level: -level.log_snr / 2,
}
SMOOTH, BETWEEN_INDICES, RIEMANN = 16, 4, 10_000
"""Points of the quadrature over a step, over the part of it between two indices, and in the authors' code."""


@ng.node(early=True)
def deis(
    *,
    variable: Variable = "t",
    order: Annotated[int, Field(ge=0, le=3)] = 3,
    lower_final: bool = False,
    reference: Literal["deis"] | None = None,
) -> ng.Sampler:
    """Multistep DEIS (Zhang & Chen 2023, eq. 14): x / alpha moves by the integral of eps d rho, rho = sigma / alpha.

    variable: what the polynomial is in: t is tAB, rho is rhoAB, log_rho is the one of diffusers.
    order: the polynomial's degree, one less than the evaluations that enter it (diffusers counts those).
    lower_final: end with degrees 1 and 0, as diffusers does where there are fewer than 15 steps.
    reference: deis sums its integrals at 10,000 points from the left, which is slow, and leaves an error of about 1e-4.
    """
    weigh = riemann_sums if reference == "deis" else integrals

    def step(denoiser: ng.Denoiser, state: History, step: ng.Step) -> History:
        here, there = step.here, step.there
        x0 = denoiser(state.x, here)
        eps = ng.to_eps(x0, state.x, here)
        most = min(order + 1, step.total - step.index) if lower_final else order + 1
        seen = state.seen(eps, most)
        # The last step to clean data has no time or log rho to end at.
        if (len(seen) == 1 and reference is None) or (there.sigma == 0 and variable != "rho"):
            return state.moved(euler_step(state.x, x0, here, there), eps)
        points = [step.levels[step.index - back] for back in range(len(seen))]
        needs_signal(points[-1])
        weights = weigh(step.process, points, there, variable)
        return state.moved(advanced(state.x, here, there, weights, seen), eps)

    return ng.Sampler(History, step, noisy=False, asks=ng.asks_here)


def integrals(process: ng.Process, points: list[ng.Level], there: ng.Level, variable: Variable) -> list[float]:
    """The integral over rho, from points[0] to there, of every Lagrange polynomial in the variable."""
    nodes = [PLACE[variable](point) for point in points]
    if variable == "rho":
        return adams_bashforth(nodes, nodes[0], there.ratio)
    between = variable == "t" and isinstance(process, ng.DiscreteVP)
    z, measure = (
        _between_indices(process, points[0], there) if between else _smooth(process, points[0], there, variable)
    )
    return [float((lagrange(nodes, index, z) * measure).sum()) for index in range(len(nodes))]


def _smooth(process: ng.Process, here: ng.Level, there: ng.Level, variable: Variable) -> Quadrature:
    """Where rho is smooth in its logarithm, d rho = rho d log rho."""
    import numpy

    shares, weights = gauss_legendre(SMOOTH)
    start, width = -here.log_snr / 2, (here.log_snr - there.log_snr) / 2
    log_rho = start + width * shares
    z = log_rho if variable == "log_rho" else numpy.array([process.at_log_snr(-2 * float(u)).t for u in log_rho])
    return z, width * weights * numpy.exp(log_rho)


def _between_indices(process: ng.Process, here: ng.Level, there: ng.Level) -> Quadrature:
    """The times of a discrete process, which are linear in log rho between indices."""
    import numpy

    indices = range(math.ceil(here.t) - 1, math.floor(there.t), -1)
    edges = [here, *(process.level(index) for index in indices), there]
    t = numpy.array([edge.t for edge in edges])[:, None]
    cuts = numpy.array([-edge.log_snr / 2 for edge in edges])[:, None]
    shares, weights = gauss_legendre(BETWEEN_INDICES)
    widths = numpy.diff(cuts, axis=0)
    log_rho, z = cuts[:-1] + widths * shares, t[:-1] + numpy.diff(t, axis=0) * shares
    return z, widths * weights * numpy.exp(log_rho)


def riemann_sums(process: ng.Process, points: list[ng.Level], there: ng.Level, variable: Variable) -> list[float]:
    """The same integrals as the authors' code has them: by the left ends of 10,000 pieces, even in the variable."""
    import numpy

    place = PLACE[variable]
    nodes, width = [place(point) for point in points], (place(there) - place(points[0])) / RIEMANN
    z = nodes[0] + width * numpy.arange(RIEMANN, dtype=numpy.float64)
    density = numpy.array([_density(process, float(one), variable) for one in z])
    return [float((lagrange(nodes, index, z) * density).sum() * width) for index in range(len(nodes))]


def _density(process: ng.Process, z: float, variable: Variable) -> float:
    """d rho / dz; in time it is g^2 / (2 alpha sigma)."""
    if variable == "t":
        level = process.level(z)
        return process.diffusion(z) ** 2 / (2 * level.alpha * level.sigma)
    return math.exp(z) if variable == "log_rho" else 1.0


@ng.node(early=True)
def deis_rk(*, order: Literal[2, 3, 4] = 3) -> ng.Sampler:
    """rhoRK-DEIS (Zhang & Chen 2023, section 3.3): Runge and Kutta's methods on d(x / alpha) / d rho = eps.

    order: 2 is Heun's method, 3 Kutta's, 4 the classical one; as many evaluations a step.
    """
    nodes, rows, weights = TABLEAUS[order]

    def step(denoiser: ng.Denoiser, state: Position, step: ng.Step) -> Position:
        here, there = step.here, step.there
        if there.sigma == 0:
            return Position(euler_step(state.x, denoiser(state.x, here), here, there))
        needs_signal(here)
        y, width = state.x / here.alpha, there.ratio - here.ratio
        slopes: list[ng.Tensor] = []
        for node, row in zip(nodes, rows, strict=True):
            stage = {0.0: here, 1.0: there}.get(node) or ng.at_ratio(step.process, here.ratio + node * width)
            moved = y
            for part, slope in zip(row, slopes, strict=True):
                moved = moved + width * part * slope
            slopes.append(ng.eps(denoiser, stage.alpha * moved, stage))
        for part, slope in zip(weights, slopes, strict=True):
            y = y + width * part * slope
        return Position(there.alpha * y)

    return ng.Sampler(Position, step, noisy=False)


TABLEAUS: dict[int, tuple[tuple[float, ...], tuple[tuple[float, ...], ...], tuple[float, ...]]] = {
    2: ((0.0, 1.0), ((), (1.0,)), (1 / 2, 1 / 2)),
    3: ((0.0, 0.5, 1.0), ((), (1 / 2,), (-1.0, 2.0)), (1 / 6, 4 / 6, 1 / 6)),
    4: ((0.0, 0.5, 0.5, 1.0), ((), (1 / 2,), (0.0, 1 / 2), (0.0, 0.0, 1.0)), (1 / 6, 2 / 6, 2 / 6, 1 / 6)),
}
"""Butcher's tableaus: nodes, rows, weights."""

NODES = (deis, deis_rk)
