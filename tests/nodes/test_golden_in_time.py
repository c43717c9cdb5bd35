"""Euler and second-order Runge-Kutta in a process's own time walk as EDM's ablation sampler does."""

from __future__ import annotations

import math
from dataclasses import dataclass

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes.samplers.in_time import euler_in_time, heun_in_time

from .golden import Case, Params, agree, cases, solve
from .test_golden_edm import churn

EPSILON_S = 1e-3
"""The time at which EDM's VP schedule has sigma_min."""


@dataclass(frozen=True)
class RootVE:
    """EDM's VE schedule: sigma is the square root of time."""

    t_min: float = 0.0
    t_max: float = 1e4

    def level(self, t: float) -> ng.Level:
        """The level at a time."""
        return ng.Level(t, 1.0, math.sqrt(t))

    def at_log_snr(self, log_snr: float) -> ng.Level:
        """The level of a log-SNR."""
        return self.level(math.exp(-log_snr))

    def drift(self, t: float) -> float:
        """0: the signal stays."""
        return 0.0

    def diffusion(self, t: float) -> float:
        """1, as d sigma^2 / dt."""
        return 1.0


class FittedVP(ng.ContinuousVP):
    """EDM's VP schedule through any sigma_min and sigma_max, which may make beta negative at first."""

    def __post_init__(self) -> None:
        """Nothing is refused."""


def process(case: Case, sigma_min: float, sigma_max: float) -> ng.Process:
    """The process whose ODE the case solves."""
    if case.params["schedule"] == "linear":
        return ng.EDM()
    if case.params["schedule"] == "ve":
        return RootVE()
    # As the reference rounds: log(1 + sigma^2) of a small sigma keeps ten digits, which decide about the betas.
    low, high = math.log(sigma_min**2 + 1), math.log(sigma_max**2 + 1)
    width = 2 * (low / EPSILON_S - high) / (EPSILON_S - 1)
    return FittedVP(high - width / 2, high + width / 2)


def levels(case: Case) -> ng.Levels:
    """The grid, of which the case stores every call of the model: churn moves those at which a step begins."""
    asked = [float(sigma) for _, sigma in case.arrays["evals"]]
    if case.params["solver"] == "euler":
        grid = asked
    else:
        grid = asked[::2] if "alpha" in case.params else [asked[0], *asked[1::2]]
    if "S_churn" in case.params:
        # The first is asked after churn, so that it is told as the schedule's end instead.
        grid[0] = ng.ContinuousVP().level(1.0).ratio
    ends = (0.002, 80.0) if case.params["discretization"] == "edm" else (grid[-1], grid[0])
    found = process(case, *ends)
    return ng.Levels((*(ng.at_ratio(found, sigma) for sigma in grid), found.level(0.0)), found)


def in_time(params: Params) -> bool:
    return "schedule" in params


@pytest.mark.parametrize("case", [*cases("edm_repo", "edm_euler", in_time), *cases("edm_repo", "edm_heun", in_time)])
def test_runge_kutta_in_time_walks_as_edms_ablation_sampler(case: Case) -> None:
    grid = levels(case)
    if case.params["solver"] == "euler":
        node = euler_in_time(**churn(case.params))
    else:
        node = heun_in_time(alpha=case.params.get("alpha", 1.0), **churn(case.params))
    solved = solve(case, node, levels=grid, start=case.tensor("z") * grid[0].sigma)
    if (added := unmeant_noise(case)) > 0:
        torch.testing.assert_close(solved.x, case.tensor("x_final"), rtol=0, atol=3 * added)
    else:
        agree(case, solved)


def unmeant_noise(case: Case) -> float:
    """The most noise that the reference adds in a step without churn, where rounding lets sigma-hat exceed sigma.

    It goes from sigma to time and back, and adds sqrt(sigma-hat^2 - sigma^2) of a noise that is not stored: 3.7e-8 in
    one step of ten, 0 in all of twenty.
    """
    grid = levels(case)
    if case.params["schedule"] != "vp" or case.params["discretization"] != "edm" or "S_churn" in case.params:
        return 0.0
    low, high = math.log(0.002**2 + 1), math.log(80.0**2 + 1)
    width = 2 * (low / EPSILON_S - high) / (EPSILON_S - 1)
    least = high - width / 2
    count = torch.arange(grid.steps, dtype=torch.float64)

    def sigma(t: torch.Tensor) -> torch.Tensor:
        return (math.e ** (width / 2 * t**2 + least * t) - 1) ** 0.5

    def time(sigma: torch.Tensor) -> torch.Tensor:
        return ((least**2 + 2 * width * (sigma**2 + 1).log()).sqrt() - least) / width

    ends = 80.0 ** (1 / 7), 0.002 ** (1 / 7)
    now = sigma(time((ends[0] + count / (grid.steps - 1) * (ends[1] - ends[0])) ** 7))
    return float((sigma(time(now)) ** 2 - now**2).clamp(min=0).sqrt().max())
