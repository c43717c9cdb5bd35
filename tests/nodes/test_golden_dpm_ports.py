"""DPM-Solver++ and its siblings walk as k-diffusion and diffusers have them, mistakes included where asked for."""

from __future__ import annotations

import math
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes.samplers.dpm_adaptive import dpm_adaptive
from noisegraph.nodes.samplers.dpm_fast import dpm_fast
from noisegraph.nodes.samplers.dpm_multistep import dpm_multistep
from noisegraph.nodes.samplers.dpm_singlestep import dpm_singlestep, fast_orders
from noisegraph.nodes.samplers.dpmpp import dpmpp_2m, dpmpp_2m_sde, dpmpp_3m_sde
from noisegraph.nodes.samplers.dpmpp_sde import dpmpp_sde
from noisegraph.nodes.samplers.unipc import unipc

from .golden import Case, Params, agree, cases, every_second, solve

ALWAYS = 100_000
DIFFUSERS_LOWER = 15


def two_a_step(index: int, draw: int) -> int:
    return 2 * index + draw


@pytest.mark.parametrize("case", cases("k_diffusion", "dpmpp_2m", lambda p: "quantize=True" in p.get("wrapper", "")))
def test_dpmpp_2m_walks_as_k_diffusion_with_a_network_of_whole_timesteps(case: Case) -> None:
    told = iter(case.arrays["evals"])

    def quantized(x: torch.Tensor, level: ng.Level) -> torch.Tensor:
        """The noise at the nearest timestep, where the network is told the scaled x of the level itself."""
        alpha, sigma = (float(value) for value in next(told))
        near = ng.Level(level.t, alpha, sigma)
        return x - level.sigma * ng.eps(case.denoiser, x / math.hypot(1, level.sigma), near)

    agree(case, solve(case, dpmpp_2m(), denoiser=quantized))


@pytest.mark.parametrize("case", cases("k_diffusion", "dpmpp_2m_sde"))
def test_dpmpp_2m_sde_walks_as_k_diffusion(case: Case) -> None:
    sampler = dpmpp_2m_sde(eta=case.params.get("eta", 1.0), solver=case.params.get("solver_type", "midpoint"))
    agree(case, solve(case, sampler))


@pytest.mark.parametrize("case", cases("k_diffusion", "dpmpp_3m_sde"))
def test_dpmpp_3m_sde_walks_as_k_diffusion(case: Case) -> None:
    agree(case, solve(case, dpmpp_3m_sde(eta=case.params.get("eta", 1.0), reference="k_diffusion")))


@pytest.mark.parametrize("case", cases("k_diffusion", "dpmpp_sde"))
def test_dpmpp_sde_walks_as_k_diffusion(case: Case) -> None:
    agree(case, solve(case, dpmpp_sde(eta=case.params.get("eta", 1.0)), row=two_a_step))


@pytest.mark.parametrize("case", cases("k_diffusion", "dpmpp_2s_ancestral"))
def test_dpm_singlestep_of_order_2_walks_as_k_diffusions_dpmpp_2s(case: Case) -> None:
    agree(case, solve(case, dpm_singlestep(order=2, eta=case.params.get("eta", 1.0))))


def between(case: Case, steps: int) -> ng.Levels:
    """Levels from sigma_max to sigma_min in equal distances of log sigma."""
    high, low = (math.log(case.params[name]) for name in ("sigma_max", "sigma_min"))
    sigmas = [math.exp(high + (low - high) * index / steps) for index in range(steps + 1)]
    return case.along([1.0] * len(sigmas), sigmas)


@pytest.mark.parametrize("case", cases("k_diffusion", "dpm_fast"))
def test_dpm_singlestep_with_evaluations_walks_as_k_diffusions_dpm_fast(case: Case) -> None:
    evaluations = case.params["n"]
    sampler = dpm_singlestep(prediction="eps", evaluations=evaluations, eta=case.params.get("eta", 0.0))
    agree(case, solve(case, sampler, levels=between(case, len(fast_orders(evaluations, 3)))))


@pytest.mark.parametrize("case", cases("k_diffusion", "dpm_adaptive"))
def test_dpm_adaptive_walks_as_k_diffusion(case: Case) -> None:
    params = case.params
    sampler = dpm_adaptive(
        order=params.get("order", 3),
        prediction="eps",
        atol=params.get("atol", 0.0078),
        rtol=params.get("rtol", 0.05),
        eta=params.get("eta", 0.0),
        reference="k_diffusion",
    )
    drawn = iter(range(case.meta["nfe"]))
    solved = solve(case, sampler, levels=between(case, params["info"]["steps"]), row=lambda index, draw: next(drawn))
    assert solved.states[-1].arrived
    assert len(solved.trajectory) - 1 == params["info"]["steps"]
    agree(case, solved)


def config(params: Params, name: str, default: Any = None) -> Any:
    return params["config"].get(name, default)


def preserved(case: Case) -> ng.Levels:
    """The scheduler's sigmas / alpha as levels of the case's space."""
    return ng.Levels(tuple(case.process.level(float(sigma)) for sigma in case.arrays["sch_sigmas"]), case.process)


def diffusers_denoiser(case: Case) -> ng.Denoiser:
    """The case's denoiser, with diffusers' dynamic threshold where it is on."""
    if not config(case.params, "thresholding"):
        return case.denoiser
    ratio, most = (case.params["config"][name] for name in ("dynamic_thresholding_ratio", "sample_max_value"))

    def clipped(x: torch.Tensor, level: ng.Level) -> torch.Tensor:
        x0 = case.denoiser(x, level)
        edge = x0.abs().quantile(ratio, dim=1, keepdim=True).clamp(min=1, max=most)
        return x0.clamp(-edge, edge) / edge

    return clipped


@pytest.mark.parametrize("case", cases("diffusers", "DPMSolverMultistepScheduler"))
def test_dpm_multistep_walks_as_diffusers(case: Case) -> None:
    algorithm = str(config(case.params, "algorithm_type", "dpmsolver++"))
    sampler = dpm_multistep(
        order=config(case.params, "solver_order", 2),
        prediction="x0" if algorithm.endswith("++") else "eps",
        solver=config(case.params, "solver_type", "midpoint"),
        eta=1.0 if algorithm.startswith("sde") else 0.0,
        lower_order_final=DIFFUSERS_LOWER if config(case.params, "lower_order_final", True) else 0,
        reference="diffusers",
    )
    agree(case, solve(case, sampler, levels=preserved(case), denoiser=diffusers_denoiser(case)))


@pytest.mark.parametrize("case", cases("diffusers", "EDMDPMSolverMultistepScheduler"))
def test_dpm_multistep_walks_as_diffusers_in_edms_space(case: Case) -> None:
    sampler = dpm_multistep(order=config(case.params, "solver_order", 2), reference="diffusers")
    agree(case, solve(case, sampler, levels=preserved(case)))


@pytest.mark.parametrize("case", cases("diffusers", "DPMSolverSinglestepScheduler"))
def test_dpm_fast_walks_as_diffusers(case: Case) -> None:
    order, algorithm = config(case.params, "solver_order", 2), config(case.params, "algorithm_type", "dpmsolver++")
    levels = preserved(case)
    # The scheduler lowers the last orders only where it must: it is lower_order_final=False that was run.
    fits = levels.steps % order == 0 and levels[-1].sigma > 0
    sampler = dpm_fast(
        order=order,
        schedule="fixed" if fits else "fast",
        prediction="x0" if algorithm.endswith("++") else "eps",
        eta=1.0 if algorithm.startswith("sde") else 0.0,
        solver=config(case.params, "solver_type", "midpoint"),
        reference="diffusers",
    )
    agree(case, solve(case, sampler, levels=levels))


@pytest.mark.parametrize("case", cases("diffusers", "DPMSolverSDEScheduler"))
def test_dpmpp_sde_walks_as_diffusers(case: Case) -> None:
    sigmas = [case.arrays["sch_sigmas"][0], *case.arrays["sch_sigmas"][1::2]]
    levels = case.along([1.0] * len(sigmas), sigmas)
    agree(case, solve(case, dpmpp_sde(), levels=levels, row=two_a_step), nodes=every_second(case))


@pytest.mark.parametrize("case", cases("diffusers", "UniPCMultistepScheduler"))
def test_unipc_walks_as_diffusers(case: Case) -> None:
    sampler = unipc(
        order=config(case.params, "solver_order", 2),
        variant="b1" if config(case.params, "solver_type") == "bh1" else "b2",
        prediction="x0" if config(case.params, "predict_x0", True) else "eps",
        lower_order_final=ALWAYS if config(case.params, "lower_order_final", True) else 0,
        uncorrected=len(config(case.params, "disable_corrector", [])),
    )
    agree(case, solve(case, sampler, levels=preserved(case)))
