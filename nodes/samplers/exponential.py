"""The solution of the diffusion ODE and SDE over the half-log-SNR lambda, which DPM-Solver and UniPC approximate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import noisegraph as ng

Prediction = Literal["x0", "eps"]
Solver = Literal["midpoint", "heun"]
SMALL = 0.3


class Span(NamedTuple):
    """From a level to another, h apart in lambda: x_t = carry x - scale (phi_1(z) m + phi_2(z) m' + phi_3(z) m'' ...).

    m is what the network predicts, m^(k) its k-th derivative by lambda, times h^k. `noise` is the deviation of what the
    SDE adds, the increment of a Brownian motion from `clock[0]` to `clock[1]`. (DPM-Solver, Lu et al. 2022a, eq. 3.4;
    DPM-Solver++, Lu et al. 2022b, eq. 8; the SDE: eq. 13 and appendix A)
    """

    carry: float
    scale: float
    z: float
    noise: float = 0.0
    clock: tuple[float, float] = (0.0, 0.0)


def span(here: ng.Level, there: ng.Level, prediction: Prediction, eta: float = 0.0) -> Span:
    """The exact linear part; eta is how much of the SDE's noise is added: 0 is the ODE, 1 the reverse-time SDE."""
    h = half_log_snr(there) - half_log_snr(here)
    if prediction == "x0":
        shrink = there.sigma / here.sigma
        if eta == 0:
            return Span(shrink, there.alpha, -h)
        noise = there.sigma * math.sqrt(-math.expm1(-2 * eta * h))
        clock = (math.exp(eta * here.log_snr), math.exp(eta * there.log_snr))
        return Span(shrink * math.exp(-eta * h), there.alpha, -(1 + eta) * h, noise, clock)
    carry = there.alpha / here.alpha
    noise = there.sigma * math.sqrt(eta * math.expm1(2 * h)) if eta > 0 else 0.0
    clock = (math.exp(-here.log_snr), math.exp(-there.log_snr))  # it falls, which is as good for a Brownian path
    return Span(carry, (1 + eta) * there.sigma, h, noise, clock)


def half_log_snr(level: ng.Level) -> float:
    """lambda = log(alpha / sigma)."""
    return level.log_snr / 2


def phi(z: float, order: int) -> float:
    """phi_1 = e^z - 1, phi_{k+1} = phi_k / z - 1 / k!; for small z their series z / k! + z^2 / (k + 1)! + ..."""
    if order > 1 and abs(z) < SMALL:  # where the differences would cancel
        return sum(z**n / math.factorial(n + order - 1) for n in range(1, 14))
    value = math.expm1(z)
    for k in range(1, order):
        value = value / z - 1 / math.factorial(k)
    return value


def advance(x: ng.Tensor, over: Span, m: ng.Tensor, *terms: tuple[float, ng.Tensor]) -> ng.Tensor:
    """x_t = carry x - scale (phi_1 m + w_1 D_1 + w_2 D_2 ...), the terms being (w, D)."""
    x = over.carry * x - over.scale * phi(over.z, 1) * m
    for weight, derivative in terms:
        x = x - over.scale * weight * derivative
    return x


def slope_weight(z: float, solver: Solver) -> float:
    """The weight of m' in a method of second order: by Taylor's series it is phi_2; phi_1 / 2 is as accurate."""
    return phi(z, 2) if solver == "heun" else phi(z, 1) / 2


def predicted(x0: ng.Tensor, x: ng.Tensor, level: ng.Level, prediction: Prediction) -> ng.Tensor:
    """What the method integrates: the data itself, or the noise that it implies; noise needs alpha > 0."""
    return x0 if prediction == "x0" else ng.to_eps(x0, x, level)


def interpolated(z: float, nodes: Sequence[float]) -> list[float]:
    """Weights w_j of (m(lambda + r_j h) - m) / r_j that integrate the polynomial through m and these r_j exactly.

    They solve sum_j w_j r_j^(k-1) = k! phi_{k+1}(z) for k = 1 ... len(nodes) (UniPC, Zhao et al. 2023, eq. 11 and 14).
    """
    import numpy

    count = len(nodes)
    powers = numpy.array([[r**k for r in nodes] for k in range(count)]).reshape(count, count)
    wanted = numpy.array([math.factorial(k) * phi(z, k + 1) for k in range(1, count + 1)])
    return [float(weight) for weight in numpy.linalg.solve(powers, wanted)]
