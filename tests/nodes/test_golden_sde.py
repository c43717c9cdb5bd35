"""Reverse SDEs, predictor and corrector, the probability flow and annealed Langevin walk as their authors' codes do."""

from __future__ import annotations

import math
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes.samplers.langevin import annealed_langevin
from noisegraph.nodes.samplers.rk45 import rk45
from noisegraph.nodes.samplers.sde import euler_maruyama, predictor_corrector, reverse_diffusion

from .golden import FOLDER, Case, agree, cases, close, load, solve

CORRECTORS = {"langevin": "langevin", "ald": "annealed"}


def process(case: Case) -> ng.Process:
    """The SDE of the case's space."""
    params = load("params.json")
    if case.meta["space"] == "ve":
        return ng.GeometricVE(params["ve"]["sigma_min"], params["ve"]["sigma_max"])
    kind = ng.SubVP if case.meta["space"] == "subvp" else ng.ContinuousVP
    return kind(params["cont_vp"]["beta_min"], params["cont_vp"]["beta_max"])


def levels(case: Case) -> ng.Levels:
    """The times of the case, and where the last step goes: to clean data, or to a level that keeps its noise."""
    sde = process(case)
    points = [sde.level(float(t)) for t in case.arrays["grid_t"]]
    end = sde.level(0.0)._replace(sigma=0.0) if case.params["denoise"] else points[-1]._replace(t=0.0)
    return ng.Levels((*points, end), sde)


def sampler(params: Any) -> ng.Sampler:
    """Ours, with the case's options."""
    found: ng.Sampler
    randomness = 0.0 if params["probability_flow"] else 1.0
    if params["corrector"] == "none" and params["predictor"] == "euler_maruyama":
        found = euler_maruyama(randomness=randomness, reference="score_sde")
    elif params["corrector"] == "none" and params["predictor"] == "reverse_diffusion":
        found = reverse_diffusion(randomness=randomness, reference="score_sde")
    else:
        found = predictor_corrector(
            predictor=params["predictor"].removesuffix("_sampling"),
            corrector=CORRECTORS.get(params["corrector"], "langevin"),
            snr=params["snr"],
            corrections=params["n_steps_each"] if params["corrector"] in CORRECTORS else 0,
            reference="score_sde",
        )
    return found


KNOWN = load("cases.json") if FOLDER.is_dir() else []
PREDICTED = sorted({one["sampler"] for one in KNOWN if one["sampler"].startswith("pc(")})


@pytest.mark.parametrize("case", [one for name in PREDICTED for one in cases("score_sde", name)])
def test_predictor_and_corrector_walk_as_score_sde(case: Case) -> None:
    corrections = 0 if case.params["corrector"] == "none" else case.params["n_steps_each"]
    predictions = 0 if case.params["predictor"] == "none" else 1

    def row(index: int, draw: int) -> int:
        """The corrector's draws are 1, 2, ... and stored first; the predictor's is 0."""
        return index * (corrections + predictions) + (draw - 1 if draw else corrections)

    agree(case, solve(case, sampler(case.params), levels=levels(case), row=row))


@pytest.mark.parametrize("case", cases("score_sde", "probability-flow RK45"))
def test_rk45_walks_as_score_sde(case: Case) -> None:
    sde = process(case)
    ends = ng.Levels((sde.level(sde.t_max), sde.level(case.params["eps"])), sde)
    tolerances = {"rtol": case.params["rtol"], "atol": case.params["atol"]}
    found = solve(case, rk45(**tolerances, reference="score_sde"), levels=ends).x
    close(case, denoised(case, sde, found) if case.params["denoise"] else found, "x_final")


def denoised(case: Case, sde: ng.Process, x: torch.Tensor) -> torch.Tensor:
    """score_sde denoises by the last of so many reverse-diffusion steps."""
    total = case.params["N_for_denoise"]
    points = [sde.level(case.params["eps"])] * total
    levels = ng.Levels((*points, sde.level(0.0)._replace(sigma=0.0)), sde)
    step = ng.Step(levels, total - 1, noise=lambda draw=0: x * math.nan, path=lambda start, end: x * math.nan)
    node = reverse_diffusion(reference="score_sde")
    return torch.as_tensor(node.step(case.denoiser, node.init(x), step).x)


@pytest.mark.parametrize("case", cases("score_sde", "probability-flow RK45", lambda p: not p["denoise"]))
def test_rk45_meets_the_exact_flow_within_its_tolerance(case: Case) -> None:
    sde = process(case)
    ends = ng.Levels((sde.level(sde.t_max), sde.level(case.params["eps"])), sde)
    for rtol, error in ((1e-5, 2e-3), (1e-11, 1e-8)):
        found = solve(case, rk45(rtol=rtol, atol=rtol), levels=ends).x
        assert float((found - case.tensor("x_exact")).abs().max()) < error


@pytest.mark.parametrize("case", cases("ncsn", "annealed_langevin"))
def test_annealed_langevin_walks_as_ncsn(case: Case) -> None:
    sigmas = [float(sigma) for sigma in case.arrays["grid_sigma"]]
    rate, updates = case.params["step_lr"] / sigmas[-1] ** 2, case.params["n_steps_each"]
    levels = case.along([1.0] * (len(sigmas) + 1), [*sigmas, 0.0])
    node = annealed_langevin(updates=updates, rate=rate, denoise=case.params["denoise"])
    solved = solve(case, node, levels=levels, start=case.tensor("x_init"), row=lambda i, draw: i * updates + draw)
    agree(case, solved)
