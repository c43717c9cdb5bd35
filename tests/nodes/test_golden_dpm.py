"""DPM-Solver, DPM-Solver++ and UniPC walk as their authors' code does, and as it does once its formulas are mended."""

from __future__ import annotations

from itertools import accumulate

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes.samplers.dpm_adaptive import dpm_adaptive
from noisegraph.nodes.samplers.dpm_fast import dpm_fast
from noisegraph.nodes.samplers.dpm_multistep import dpm_multistep
from noisegraph.nodes.samplers.dpm_singlestep import dpm_singlestep
from noisegraph.nodes.samplers.unipc import unipc

from .golden import Case, Solved, agree, cases, solve

AUTHORS_LOWER = 10
ALWAYS = 100_000


def form(case: Case) -> str:
    return {"dpmsolver": "eps", "noise_prediction": "eps"}.get(case.params["algorithm"], "x0")


def kind(case: Case) -> str:
    return "heun" if case.params.get("solver_type") == "taylor" else "midpoint"


def lower(case: Case, steps: int) -> int:
    return steps if case.params.get("lower_order_final", True) else 0


def guided(case: Case) -> ng.Denoiser:
    """The case's denoiser, towards a class by its posterior, or with its data clipped at a quantile."""

    def denoise(x: torch.Tensor, level: ng.Level) -> torch.Tensor:
        x0 = case.denoiser(x, level)
        if (classifier := case.params.get("classifier")) is not None:
            gradient = case.model.class_gradient(x, level, classifier["cls"])
            x0 = x0 + classifier["scale"] * level.sigma**2 / level.alpha * gradient
        if (threshold := case.params.get("dynamic_threshold")) is not None:
            edge = x0.abs().quantile(threshold["ratio"], dim=1, keepdim=True).clamp(min=threshold["max_val"])
            x0 = x0.clamp(-edge, edge) / edge
        return x0

    return denoise


def start(case: Case) -> torch.Tensor:
    return case.tensor("xT" if "xT" in case.arrays else "x0")


def asked(case: Case) -> ng.Levels:
    """Every level at which the reference asked its model, and the last one."""
    alphas, sigmas = case.arrays["evals"].T
    return case.along([*alphas, case.arrays["grid_alpha"][-1]], [*sigmas, case.arrays["grid_sigma"][-1]])


def ended(case: Case) -> ng.Levels:
    """The stored grid, and clean data after it where the case denoises once more."""
    alphas, sigmas = case.arrays["grid_alpha"], case.arrays["grid_sigma"]
    more = case.params.get("denoise_to_zero", False)
    return case.along([*alphas, 1.0] if more else alphas, [*sigmas, 0.0] if more else sigmas)


@pytest.mark.parametrize("case", cases("dpm_solver", where=lambda p: p["method"] == "multistep"))
def test_multistep_walks_as_its_authors_code(case: Case) -> None:
    sampler = dpm_multistep(
        order=case.params["order"],
        prediction=form(case),
        solver=kind(case),
        lower_order_final=lower(case, AUTHORS_LOWER),
        reference="dpm_solver",
    )
    agree(case, solve(case, sampler, levels=ended(case), denoiser=guided(case), start=start(case)))


@pytest.mark.parametrize("case", cases("dpm_solver", where=lambda p: p["method"].startswith("singlestep")))
def test_singlestep_with_a_level_for_each_evaluation_walks_as_its_authors_code(case: Case) -> None:
    schedule = "fixed" if case.params["method"] == "singlestep_fixed" else "fast"
    sampler = dpm_fast(order=case.params["order"], prediction=form(case), solver=kind(case), schedule=schedule)
    ours = solve(case, sampler, levels=asked(case), denoiser=guided(case))
    outer = accumulate((int(order) for order in case.arrays["orders"]), initial=0)
    agree(case, ours, trajectory=[ours.trajectory[index] for index in outer])


@pytest.mark.parametrize(
    "case", cases("dpm_solver", where=lambda p: p["method"] == "singlestep" and p["skip_type"] == "logSNR")
)
def test_singlestep_between_the_levels_walks_as_its_authors_code(case: Case) -> None:
    params = case.params
    sampler = dpm_singlestep(
        order=params["order"], prediction=form(case), solver=kind(case), evaluations=params["steps_nfe"]
    )
    agree(case, solve(case, sampler))


def attempts(case: Case, first: tuple[float, float], last: tuple[float, float]) -> ng.Levels:
    """Levels whose ends alone count, as many as the reference took attempts; made by their log-SNR."""
    ends = case.along(*zip(first, last, strict=True))
    most = case.meta["nfe"] // case.params["order"] + 5
    low, high = ends[0].log_snr, ends[1].log_snr
    inner = [case.process.at_log_snr(low + (high - low) * index / most) for index in range(1, most)]
    return ng.Levels((ends[0], *inner, ends[1]), case.process)


def end_of_time(case: Case) -> tuple[float, float]:
    """The level at t = 0.001, where all these walks end; stored by the multistep cases of the same schedule."""
    found = next(
        one.values[0]
        for one in cases("dpm_solver", where=lambda p: p["method"] == "multistep" and p["t_end"] == 0.001)
        if one.values[0].meta["schedule"] == case.meta["schedule"] and "inverse" not in one.values[0].params
    )
    return float(found.arrays["grid_alpha"][-1]), float(found.arrays["grid_sigma"][-1])


@pytest.mark.parametrize("case", cases("dpm_solver", where=lambda p: p["method"] == "adaptive"))
def test_adaptive_walks_as_its_authors_code(case: Case) -> None:
    sampler = dpm_adaptive(
        order=case.params["order"],
        prediction=form(case),
        atol=case.params["atol"],
        rtol=case.params["rtol"],
        first_step=case.params["h_init"],
    )
    alpha, sigma = (float(value) for value in case.arrays["evals"][0])
    solved = solve(case, sampler, levels=attempts(case, (alpha, sigma), end_of_time(case)))
    assert solved.states[-1].arrived
    assert (len(solved.trajectory) - 1) * case.params["order"] == case.meta["nfe"]
    agree(case, solved)


def corrected(solved: Solved) -> list[torch.Tensor]:
    """UniPC's nodes as the reference stores them: after the corrector, where ours are as predicted."""
    return [*(state.origin for state in solved.states[1:]), solved.x]


VARIANT = {"bh1": "b1", "bh2": "b2", "vary_coeff": "vary_coeff"}


@pytest.mark.parametrize("case", cases("unipc_repo"))
def test_unipc_walks_as_its_authors_code(case: Case) -> None:
    sampler = unipc(
        order=case.params["order"],
        variant=VARIANT[case.params["variant"]],
        prediction=form(case),
        lower_order_final=lower(case, ALWAYS),
        reference="published",
    )
    solved = solve(case, sampler, denoiser=guided(case))
    agree(case, solved, trajectory=corrected(solved))


@pytest.mark.parametrize("case", cases("corrected", "dpm-solver multistep-3 with D2 factor 2 restored"))
def test_multistep_of_order_3_walks_as_the_mended_code(case: Case) -> None:
    sampler = dpm_multistep(order=3, prediction=form(case), lower_order_final=lower(case, AUTHORS_LOWER))
    agree(case, solve(case, sampler))


@pytest.mark.parametrize("case", cases("corrected", "unipc vary_coeff with complete corrector sum"))
def test_unipc_with_varying_coefficients_walks_as_the_mended_code(case: Case) -> None:
    sampler = unipc(
        order=case.params["order"],
        variant="vary_coeff",
        prediction=form(case),
        lower_order_final=lower(case, ALWAYS),
    )
    solved = solve(case, sampler)
    agree(case, solved, trajectory=corrected(solved))
