"""PNDM, PLMS, iPNDM, DEIS and LMS walk as the published implementations of them do."""

from __future__ import annotations

import math
from dataclasses import dataclass

import noisegraph as ng
import numpy
import pytest
import torch
from noisegraph.nodes.samplers.deis import Variable, deis, deis_rk, integrals, riemann_sums
from noisegraph.nodes.samplers.in_time import fon
from noisegraph.nodes.samplers.lms import lms
from noisegraph.nodes.samplers.pndm import ipndm, plms, pndm

from .golden import Case, Table, agree, cases, close, load, solve

PNDM = {
    "s-pndm (PLMS order 2)": plms(order=2),
    "f-pndm (PRK warm-up + PLMS order 4)": pndm(),
    "fon (classical RK4/AB4 on dx/dt)": fon(reference="pndm"),
}


def discrete(case: Case) -> ng.DiscreteVP:
    """The case's schedule as a process."""
    setting = load("params.json")["schedules"][case.meta["schedule"]]
    ends = (setting.get("beta_start", 1e-4), setting.get("beta_end", 0.02))
    zero_snr = case.params.get("config", {}).get("rescale_betas_zero_snr", False)
    return ng.DiscreteVP(setting["kind"], setting["T"], *ends, zero_snr=zero_snr)


@dataclass(frozen=True)
class Shifted(Table):
    """PNDM's code: the state at index t has the level of t + 1, half steps are cut to indices, t = -1 is index 0."""

    bars: tuple[float, ...] = ()

    def level(self, t: float) -> ng.Level:
        """The level of the state at index t."""
        bar = self.bars[min(int(t) + 1, len(self.bars) - 1)]
        return ng.Level(t, math.sqrt(bar), math.sqrt(1 - bar))


def told_unshifted(case: Case, bars: tuple[float, ...]) -> ng.Denoiser:
    """The exact noise of the level that PNDM's code tells the network: that of t itself, log-linear between indices."""

    def denoise(x: torch.Tensor, level: ng.Level) -> torch.Tensor:
        t = max(level.t, 0.0)
        log_bar = numpy.interp(t, range(len(bars)), numpy.log(bars))
        told = ng.Level(t, math.exp(log_bar / 2), math.sqrt(-math.expm1(log_bar)))
        return (x - level.sigma * ng.eps(case.denoiser, x, told)) / level.alpha

    return denoise


@pytest.mark.parametrize("case", [one for name in PNDM for one in cases("pndm_repo", name)])
def test_pndm_walks_as_its_authors_code(case: Case) -> None:
    process = Shifted(preserving=True, bars=discrete(case).alphas_cumprod)
    times = [*(float(t) for t in case.arrays["grid_t"]), -1.0]
    levels = ng.Levels(tuple(process.level(t) for t in times), process)
    consistent = case.params["model_level"] == "consistent"
    denoiser = case.denoiser if consistent else told_unshifted(case, process.bars)
    agree(case, solve(case, PNDM[case.meta["sampler"]], levels=levels, denoiser=denoiser))


@pytest.mark.parametrize("case", cases("pndm_repo", "ddim", lambda p: p["model_level"] == "repo"))
def test_ddim_walks_as_pndms_code_with_its_levels(case: Case) -> None:
    process = Shifted(preserving=True, bars=discrete(case).alphas_cumprod)
    times = [*(float(t) for t in case.arrays["grid_t"]), -1.0]
    levels = ng.Levels(tuple(process.level(t) for t in times), process)
    agree(case, solve(case, ipndm(order=1), levels=levels, denoiser=told_unshifted(case, process.bars)))


@pytest.mark.parametrize("case", cases("ldm_repo", "plms"))
def test_plms_walks_as_latent_diffusion(case: Case) -> None:
    agree(case, solve(case, plms()))


@dataclass(frozen=True)
class Interpolated(ng.DiscreteVP):
    """DEIS's code: alpha-bar is linear between indices."""

    def level(self, t: float) -> ng.Level:
        """The level at an index, or between two."""
        below = int(t)
        bars = self.alphas_cumprod
        bar = bars[below] + (t - below) * (bars[min(below + 1, len(bars) - 1)] - bars[below])
        return ng.Level(t, math.sqrt(bar), math.sqrt(1 - bar))

    def at_log_snr(self, log_snr: float) -> ng.Level:
        """The inverse."""
        bar = 1 / (1 + math.exp(-log_snr))
        bars = numpy.array(self.alphas_cumprod)
        return ng.Level(float(numpy.interp(-bar, -bars, range(len(bars)))), math.sqrt(bar), math.sqrt(1 - bar))

    def drift(self, t: float) -> float:
        """d log alpha / dt, of the interval that begins at an index."""
        bars, below = self.alphas_cumprod, min(int(t), self.steps - 2)
        return (bars[below + 1] - bars[below]) / self.level(t).alpha ** 2 / 2

    def diffusion(self, t: float) -> float:
        """g^2 = -2 d log alpha / dt."""
        return math.sqrt(-2 * self.drift(t))


def deis_levels(case: Case) -> ng.Levels:
    times = [float(t) for t in case.arrays["grid_t"]]
    if case.meta["schedule"] == "cont_linear":
        found = load("params.json")["cont_vp"]
        process: ng.Process = ng.ContinuousVP(found["beta_min"], found["beta_max"])
    else:
        process = Interpolated(case.meta["schedule"])
    return ng.Levels(tuple(process.level(t) for t in times), process)


VARIABLES: dict[str, Variable] = {"tAB-DEIS": "t", "rhoAB-DEIS": "rho"}


@pytest.mark.parametrize(
    "case", [one for name in VARIABLES for one in cases("deis_repo", name, lambda p: "interpolation" not in p)]
)
def test_deis_walks_as_its_authors_code_with_exact_integrals(case: Case) -> None:
    sampler = deis(variable=VARIABLES[case.meta["sampler"]], order=case.params["ab_order"])
    solved = solve(case, sampler, levels=deis_levels(case))
    close(case, solved.x, "x_final_exactcoef")
    close(case, torch.stack(solved.trajectory), "traj_exactcoef")
    difference = float((solved.x - case.tensor("x_final")).abs().max())
    assert difference <= case.meta["atol_for_exact_quadrature_vs_x_final"]


@pytest.mark.slow
@pytest.mark.parametrize("case", [one for name in VARIABLES for one in cases("deis_repo", name)])
def test_deis_walks_as_its_authors_code_with_its_sums(case: Case) -> None:
    sampler = deis(variable=VARIABLES[case.meta["sampler"]], order=case.params["ab_order"], reference="deis")
    agree(case, solve(case, sampler, levels=deis_levels(case)))


@pytest.mark.parametrize("steps", [5, 20])
def test_deis_integrates_between_the_indices_of_a_discrete_process(steps: int) -> None:
    process = ng.DiscreteVP()
    points = [process.level(t) for t in (700.0, 850.0, 999.0)]
    there = process.level(700.0 - 1000 // steps)
    summed = riemann_sums(process, points, there, "t")
    assert integrals(process, points, there, "t") == pytest.approx(summed, rel=1e-2)


@pytest.mark.parametrize("case", cases("deis_repo", "rhoRK-DEIS"))
def test_deis_by_runge_kutta_walks_as_its_authors_code(case: Case) -> None:
    agree(case, solve(case, deis_rk(order=int(case.params["rk"][0])), levels=deis_levels(case)))


@pytest.mark.parametrize("case", cases("deis_repo", "iPNDM"))
def test_ipndm_walks_as_deis(case: Case) -> None:
    agree(case, solve(case, ipndm(), levels=deis_levels(case)))


@pytest.mark.parametrize("case", cases("k_diffusion", "lms"))
def test_lms_walks_as_k_diffusion(case: Case) -> None:
    agree(case, solve(case, lms(order=case.params.get("order", 4))))
