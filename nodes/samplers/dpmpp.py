"""DPM-Solver++ by the names that its variants are known by."""

from __future__ import annotations

import noisegraph as ng

from .dpm_multistep import Eta, Lower, Reference, dpm_multistep
from .dpm_singlestep import dpm_singlestep
from .exponential import Solver


@ng.node(early=True)
def dpmpp_2s() -> ng.Sampler:
    """DPM-Solver++(2S), of second order with two evaluations a step (Lu et al. 2022b, algorithm 1)."""
    return dpm_singlestep(order=2)


@ng.node(early=True)
def dpmpp_2m(*, solver: Solver = "midpoint", lower_order_final: Lower = 15) -> ng.Sampler:
    """DPM-Solver++(2M), of second order with one evaluation a step (Lu et al. 2022b, algorithm 2).

    solver: midpoint as in the paper, or heun.
    lower_order_final: walks of fewer steps end with a step of first order; 0 is never.
    """
    return dpm_multistep(order=2, solver=solver, lower_order_final=lower_order_final)


@ng.node(early=True)
def dpmpp_3m(*, lower_order_final: Lower = 15, reference: Reference = None) -> ng.Sampler:
    """DPM-Solver++(3M), of third order with one evaluation a step (Lu et al. 2022b).

    lower_order_final: walks of fewer steps end with steps of second and first order; 0 is never.
    reference: the published codes halve the second derivative and reach order 2; this gives their numbers.
    """
    return dpm_multistep(order=3, lower_order_final=lower_order_final, reference=reference)


@ng.node(early=True)
def dpmpp_2m_sde(*, eta: Eta = 1.0, solver: Solver = "midpoint", lower_order_final: Lower = 0) -> ng.Sampler:
    """DPM-Solver++(2M) for the reverse SDE, its noise taken from one Brownian path (Lu et al. 2022b, eq. 19).

    eta: how much of the SDE's noise is added; 0 is the ODE.
    solver: midpoint or heun.
    lower_order_final: walks of fewer steps end with a step of first order; 0 is never.
    """
    return dpm_multistep(order=2, solver=solver, eta=eta, lower_order_final=lower_order_final)


@ng.node(early=True)
def dpmpp_3m_sde(
    *,
    eta: Eta = 1.0,
    solver: Solver = "heun",
    lower_order_final: Lower = 0,
    reference: Reference = None,
) -> ng.Sampler:
    """DPM-Solver++(3M) for the reverse SDE, its noise taken from one Brownian path.

    eta: how much of the SDE's noise is added; 0 is the ODE.
    solver: of the one step of second order that begins the walk.
    lower_order_final: walks of fewer steps end with steps of second and first order; 0 is never.
    reference: the published codes halve the second derivative; diffusers' also has a wrong sign, and order 1.
    """
    return dpm_multistep(order=3, solver=solver, eta=eta, lower_order_final=lower_order_final, reference=reference)


NODES = (dpmpp_2s, dpmpp_2m, dpmpp_3m, dpmpp_2m_sde, dpmpp_3m_sde)
