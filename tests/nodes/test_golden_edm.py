"""Euler, Heun and DPM-Solver++(2M) walk as k-diffusion and EDM do."""

from __future__ import annotations

import noisegraph as ng
import pytest
from noisegraph.nodes.samplers.dpmpp import dpmpp_2m
from noisegraph.nodes.samplers.edm import euler, heun

from .golden import Case, Params, agree, cases, solve


def churn(params: Params) -> dict[str, float]:
    """k-diffusion's names of the churn, and EDM's."""
    names = {"churn": "s_churn", "churn_min": "s_tmin", "churn_max": "s_tmax", "churn_noise": "s_noise"}
    edm = {"churn": "S_churn", "churn_min": "S_min", "churn_max": "S_max", "churn_noise": "S_noise"}
    return {ours: params[name] for table in (names, edm) for ours, name in table.items() if name in params}


def quantized(params: Params) -> bool:
    return "quantize=True" in params.get("wrapper", "")


def sigmas(case: Case) -> ng.Levels:
    """The grid of an EDM case: it stores every call of the model, of which churn moves only those that begin a step."""
    asked = [float(sigma) for _, sigma in case.arrays["evals"]]
    each = 1 if case.params.get("solver") == "euler" else 2
    grid = [asked[0], *asked[1::each], 0.0]
    return case.along([1.0] * len(grid), grid)


def over_sigma(params: Params) -> bool:
    """Cases that step in sigma itself, with the trapezoidal rule: the others integrate over another variable."""
    return (
        params.get("schedule", "linear") == "linear"
        and params.get("scaling", "none") == "none"
        and "alpha" not in params
    )


@pytest.mark.parametrize("case", cases("k_diffusion", "euler", lambda p: not quantized(p)))
def test_euler_walks_as_k_diffusion(case: Case) -> None:
    solved = solve(case, euler(**churn(case.params)))
    agree(case, solved, trajectory=solved.churned)


@pytest.mark.parametrize("case", cases("k_diffusion", "heun", lambda p: not quantized(p)))
def test_heun_walks_as_k_diffusion(case: Case) -> None:
    solved = solve(case, heun(**churn(case.params)))
    agree(case, solved, trajectory=solved.churned)


@pytest.mark.parametrize("case", cases("k_diffusion", "dpmpp_2m", lambda p: not quantized(p)))
def test_dpmpp_2m_walks_as_k_diffusion(case: Case) -> None:
    agree(case, solve(case, dpmpp_2m()))


@pytest.mark.parametrize("case", cases("edm_repo", "edm_heun", over_sigma))
def test_heun_walks_as_edm(case: Case) -> None:
    levels = sigmas(case)
    start = case.tensor("z") * levels[0].sigma
    agree(case, solve(case, heun(**churn(case.params)), levels=levels, start=start))


@pytest.mark.parametrize("case", cases("edm_repo", "edm_euler", over_sigma))
def test_euler_walks_as_edm(case: Case) -> None:
    levels = sigmas(case)
    agree(case, solve(case, euler(), levels=levels, start=case.tensor("z") * levels[0].sigma))
