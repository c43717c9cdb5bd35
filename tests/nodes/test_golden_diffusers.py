"""DDPM, DDIM, PNDM, DEIS, the samplers in sigma, flow matching and ScoreSdeVe walk as diffusers' schedulers do."""

from __future__ import annotations

from itertools import accumulate, groupby

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes.samplers.ancestral import dpm2_ancestral, euler_ancestral
from noisegraph.nodes.samplers.ddim import ddim, ddpm
from noisegraph.nodes.samplers.deis import deis
from noisegraph.nodes.samplers.dpm2 import dpm2
from noisegraph.nodes.samplers.edm import euler, heun
from noisegraph.nodes.samplers.in_time import euler_in_time, heun_in_time
from noisegraph.nodes.samplers.inversion import ddim_inversion
from noisegraph.nodes.samplers.lms import lms
from noisegraph.nodes.samplers.pndm import ipndm, plms, pndm
from noisegraph.nodes.samplers.sde import predictor_corrector

from .golden import Case, Params, agree, cases, close, every_second, load, solve
from .test_golden_ancestral import WithVariance
from .test_golden_edm import churn
from .test_golden_multistep import discrete

CLEAN = ng.Level(-1.0, 1.0, 0.0)
VARIANCE = {
    "fixed_small": "small",
    "fixed_small_log": "small",
    "fixed_large": "large",
    "learned_range": "learned",
}


def plain(params: Params) -> bool:
    """No clipping, in which diffusers keeps the noise of the data before it."""
    return not {"use_clipped_model_output", "thresholding"} & set(params["config"]) and not params["config"].get(
        "clip_sample"
    )


def told(case: Case) -> list[ng.Level]:
    """The levels at which the model was asked."""
    numbers = zip(case.arrays["grid_t"], case.arrays["told_alpha"], case.arrays["told_sigma"], strict=True)
    return [ng.Level(float(t), float(alpha), float(sigma)) for t, alpha, sigma in numbers]


def landed(case: Case) -> list[ng.Level]:
    """The levels that the steps go to: not those at which the model is asked next, where the two disagree."""
    process = discrete(case)
    final = process.level(0) if case.params["config"].get("set_alpha_to_one") is False else CLEAN
    return [process.level(float(t)) if t >= 0 else final for t in case.arrays["landed_t"]]


def walked(case: Case, sampler: ng.Sampler, denoiser: ng.Denoiser) -> list[torch.Tensor]:
    """The states after steps that begin where the model is asked, wherever the step before ended."""
    state, found = sampler.init(case.start), []
    draws = iter(case.tensor("noise")) if "noise" in case.arrays else iter(())

    def noise(draw: int = 0) -> torch.Tensor:
        return torch.as_tensor(next(draws))

    for here, there in zip(told(case), landed(case), strict=True):
        step = ng.Step(ng.Levels((here, there), discrete(case)), 0, noise=noise, path=lambda start, end: noise())
        state = sampler.step(denoiser, state, step)
        found.append(state.x)
    return found


@pytest.mark.parametrize("case", cases("diffusers", "DDIMScheduler", plain))
def test_ddim_walks_as_diffusers(case: Case) -> None:
    found = walked(case, ddim(eta=case.params["eta"]), case.denoiser)
    close(case, found[-1], "x_final")
    close(case, torch.stack([case.start, *found]), "traj")


@pytest.mark.parametrize("case", cases("diffusers", "DDPMScheduler", plain))
def test_ddpm_walks_as_diffusers(case: Case) -> None:
    node = ddpm(variance=VARIANCE[case.params["config"].get("variance_type", "fixed_small")], reference="diffusers")
    found = walked(case, node, WithVariance(case.denoiser))
    close(case, found[-1], "x_final")
    close(case, torch.stack([case.start, *found]), "traj")


@pytest.mark.parametrize("case", cases("diffusers", "DDIMInverseScheduler"))
def test_ddim_inversion_walks_as_diffusers(case: Case) -> None:
    levels = ng.Levels((CLEAN, *told(case)), discrete(case))
    agree(case, solve(case, ddim_inversion(), levels=levels, start=case.tensor("x0")))


@pytest.mark.parametrize("case", cases("guided_diffusion", "ddim_inversion"))
def test_ddim_inversion_walks_as_guided_diffusion(case: Case) -> None:
    agree(case, solve(case, ddim_inversion(ask="here"), start=case.tensor("x0")))


@pytest.mark.parametrize("case", cases("diffusers", "PNDMScheduler"))
def test_pndm_walks_as_diffusers(case: Case) -> None:
    config, process = case.params["config"], discrete(case)
    times = [float(t) for t in case.arrays["grid_t"]]
    first, second = times[0], times[1 if config["skip_prk_steps"] else 3]
    stride = first - second
    steps = case.params["S_requested"]
    points = [process.level(first - index * stride) for index in range(steps)]
    final = CLEAN if config.get("set_alpha_to_one") else process.level(0)
    levels = ng.Levels((*points, final._replace(t=-1.0)), process)
    of = case.params["model_output"]
    node = plms(of=of) if config["skip_prk_steps"] else pndm(of=of)
    warm_up = 1 if config["skip_prk_steps"] else 3
    each = [2 if config["skip_prk_steps"] else 4] * warm_up + [1] * (steps - warm_up)
    agree(case, solve(case, node, levels=levels), nodes=[*accumulate(each, initial=0)])


@pytest.mark.parametrize("case", cases("diffusers", "DEISMultistepScheduler"))
def test_deis_walks_as_diffusers(case: Case) -> None:
    config, steps = case.params["config"], case.params["S_requested"]
    lower = steps < 15 and config.get("lower_order_final", True)
    node = deis(variable="log_rho", order=config["solver_order"] - 1, lower_final=lower)
    process = discrete(case)
    points = tuple(ng.at_ratio(process, float(sigma)) for sigma in case.arrays["sch_sigmas"])
    agree(case, solve(case, node, levels=ng.Levels(points, process)))


def sigma_levels(case: Case) -> ng.Levels:
    """The sigmas of a scheduler, which lists those of two stages twice, and with log_linear one too many."""
    sigmas = list(case.arrays["sch_sigmas"][: len(case.arrays["grid_t"]) + 1])
    if case.meta["sampler"] in (*TWO_STAGES, "KDPM2AncestralDiscreteScheduler"):
        sigmas = [sigma for sigma, _ in groupby(case.arrays["sch_sigmas"])]
    return case.along([1.0] * len(sigmas), sigmas)


TWO_STAGES = {"HeunDiscreteScheduler": heun(), "KDPM2DiscreteScheduler": dpm2()}
ONE_STAGE = {
    "LMSDiscreteScheduler": lms(),
    "EulerAncestralDiscreteScheduler": euler_ancestral(),
    "EDMEulerScheduler": euler(),
}


@pytest.mark.parametrize("case", [one for name in ONE_STAGE for one in cases("diffusers", name)])
def test_samplers_in_sigma_walk_as_diffusers(case: Case) -> None:
    agree(case, solve(case, ONE_STAGE[case.meta["sampler"]], levels=sigma_levels(case)))


@pytest.mark.parametrize("case", [one for name in TWO_STAGES for one in cases("diffusers", name)])
def test_samplers_in_sigma_of_two_stages_walk_as_diffusers(case: Case) -> None:
    agree(case, solve(case, TWO_STAGES[case.meta["sampler"]], levels=sigma_levels(case)), nodes=every_second(case))


@pytest.mark.parametrize("case", cases("diffusers", "EulerDiscreteScheduler"))
def test_euler_walks_as_diffusers(case: Case) -> None:
    churned = churn(case.params)
    levels, drawn = sigma_levels(case), []

    def row(index: int, draw: int) -> int:
        """The scheduler draws in the steps that churn only."""
        drawn.append(index)
        return len(drawn) - 1

    agree(case, solve(case, euler(**churned, reference="diffusers"), levels=levels, row=row))


@pytest.mark.parametrize("case", cases("diffusers", "KDPM2AncestralDiscreteScheduler"))
def test_dpm2_ancestral_walks_as_diffusers(case: Case) -> None:
    solved = solve(case, dpm2_ancestral(), levels=sigma_levels(case), row=lambda index, draw: index)
    agree(case, solved, nodes=every_second(case))


def flow_levels(case: Case) -> ng.Levels:
    process = ng.Flow()
    return ng.Levels(tuple(process.level(float(sigma)) for sigma, _ in groupby(case.arrays["sch_sigmas"])), process)


@pytest.mark.parametrize("case", cases("diffusers", "FlowMatchEulerDiscreteScheduler"))
def test_euler_walks_as_flow_matching_does(case: Case) -> None:
    levels = flow_levels(case)
    agree(case, solve(case, euler(), levels=levels))
    agree(case, solve(case, euler_in_time(), levels=levels))


@pytest.mark.parametrize("case", cases("diffusers", "FlowMatchHeunDiscreteScheduler"))
def test_heun_in_time_walks_as_flow_matching_does(case: Case) -> None:
    levels = flow_levels(case)
    agree(case, solve(case, heun_in_time(), levels=levels), nodes=every_second(case))


@pytest.mark.parametrize("case", cases("diffusers", "IPNDMScheduler"))
def test_ipndm_walks_as_diffusers(case: Case) -> None:
    def noise_as_v(x: torch.Tensor, level: ng.Level) -> torch.Tensor:
        """The case hands the scheduler noise where it expects v: it takes sigma x + alpha eps for the noise, from which
        no data follow where alpha is 0.
        """
        if level.alpha == 0:
            return torch.zeros_like(x)
        return level.alpha * x - level.sigma * ng.eps(case.denoiser, x, level)

    levels = ng.Levels((*told(case), CLEAN._replace(t=0.0)), case.process)
    agree(case, solve(case, ipndm(), levels=levels, denoiser=noise_as_v))


@pytest.mark.parametrize("case", cases("diffusers", "ScoreSdeVe PC"))
def test_predictor_corrector_walks_as_diffusers(case: Case) -> None:
    found = load("params.json")["ve"]
    process = ng.GeometricVE(found["sigma_min"], found["sigma_max"])
    points = [process.level(float(t)) for t in case.arrays["grid_t"]]
    levels = ng.Levels((*points, process.level(0.0)._replace(sigma=0.0)), process)
    node = predictor_corrector(snr=case.params["snr"], reference="score_sde")
    # The corrector's draw 1 is stored before the predictor's draw 0.
    solved = solve(case, node, levels=levels, row=lambda index, draw: 2 * index + 1 - draw)
    agree(case, solved)
