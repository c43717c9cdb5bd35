"""Flow matching, EDM, RePaint, the inverse solver and the samplers of particular models agree with diffusers'."""

from __future__ import annotations

import math
import re
import sys
from importlib import import_module
from itertools import groupby
from pathlib import Path
from types import ModuleType
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes.guidance.repaint import replace, travel
from noisegraph.nodes.guidance.threshold import clamp
from noisegraph.nodes.samplers.ddim import ddim, ddpm
from noisegraph.nodes.samplers.dpm_multistep import dpm_multistep
from noisegraph.nodes.samplers.dpmpp_sde import dpmpp_sde
from noisegraph.nodes.samplers.edm import euler
from noisegraph.nodes.samplers.in_time import heun_in_time
from noisegraph.nodes.samplers.inversion import inverse
from noisegraph.nodes.samplers.lcm import lcm
from noisegraph.nodes.samplers.pndm import ipndm
from noisegraph.nodes.samplers.sde import predictor_corrector
from noisegraph.testing.mixture import three_clusters

from .golden import Table
from .test_against_diffusers_k import CLOSE, DISCRETE, LINEAR, NOISE, START, exact, ours, scheduler_of, stepping

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
MODEL = three_clusters().denoiser()
EXPLODING, PRESERVING = Table(preserving=False), Table(preserving=True)


def at_sigmas(process: ng.Process, scheduler: Any) -> ng.Levels:
    """The sigmas of a scheduler, of which those of two stages are listed twice, as levels."""
    return ng.Levels(tuple(process.level(float(sigma)) for sigma, _ in groupby(scheduler.sigmas)), process)


def near(found: torch.Tensor, wanted: torch.Tensor, close: float = CLOSE) -> None:
    gap, scale = float((found - wanted).abs().max()), max(1.0, float(wanted.abs().max()))
    assert gap <= close * scale, f"{gap:.1e} of {scale:.1f}"


@pytest.mark.parametrize("steps", [5, 20])
@pytest.mark.parametrize("shift", [1.0, 3.0])
@pytest.mark.parametrize("name", ["Euler", "Heun", "LCM"])
def test_flow_matching_agrees(name: str, shift: float, steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = "FlowMatchLCMScheduler" if name == "LCM" else f"FlowMatch{name}DiscreteScheduler"
    sampler = {"Euler": euler(), "Heun": heun_in_time(), "LCM": lcm()}[name]
    scheduler = scheduler_of(monkeypatch, kind, shift=shift)
    scheduler.set_timesteps(steps)
    levels, x = at_sigmas(ng.Flow(), scheduler), START
    for t in scheduler.timesteps:
        x0 = MODEL(x, ng.Flow().level(float(t) / 1000))
        x = scheduler.step((x - x0) / (float(t) / 1000), t, x, return_dict=False)[0].double()
    near(ours(sampler, levels), x)


@pytest.mark.parametrize("name", ["EDMEulerScheduler", "EDMDPMSolverMultistepScheduler"])
@pytest.mark.parametrize("steps", [8, 20])
def test_edm_agrees(name: str, steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler = scheduler_of(monkeypatch, name)
    scheduler.set_timesteps(steps)
    levels = at_sigmas(EXPLODING, scheduler)
    x = start = START * levels[0].sigma
    for t, level in zip(scheduler.timesteps, levels, strict=False):
        scheduler.scale_model_input(x, t)
        skip, out = edm_weights(level.sigma, scheduler.config.sigma_data)
        x = scheduler.step((MODEL(x, level) - skip * x) / out, t, x, return_dict=False)[0]
    node = euler() if name == "EDMEulerScheduler" else dpm_multistep(order=2, reference="diffusers")
    near(ours(node, levels, start), x)


def edm_weights(sigma: float, data: float) -> tuple[float, float]:
    """c_skip and c_out (Karras et al. 2022, table 1)."""
    return data**2 / (sigma**2 + data**2), sigma * data / math.hypot(sigma, data)


def numbered(sampler: ng.Sampler, levels: ng.Levels, start: torch.Tensor) -> torch.Tensor:
    """Our walk with noise that is used up row by row, as the schedulers do."""
    rows, state = iter(NOISE.repeat(3, 1, 1)), sampler.init(start)
    for index in range(levels.steps):
        step = ng.Step(levels, index, lambda draw=0: next(rows), lambda low, high: next(rows))
        state = sampler.step(MODEL, state, step)
    return torch.as_tensor(state.x)


def on_a_path(monkeypatch: pytest.MonkeyPatch, module: str, name: str, steps: int, **settings: Any) -> Any:
    """A scheduler whose Brownian tree, all that it takes of torchsde, gives way to the stored noise."""
    import_module("diffusers.schedulers")  # looks which packages there are
    monkeypatch.setitem(sys.modules, "torchsde", ModuleType("torchsde"))
    scheduler = getattr(import_module(f"diffusers.schedulers.scheduling_{module}"), name)(**settings)
    scheduler.set_timesteps(steps)
    rows = iter(NOISE)
    scheduler.noise_sampler = lambda low, high: next(rows)
    return scheduler


@pytest.mark.parametrize("solver", ["midpoint", "heun"])
@pytest.mark.parametrize("schedule", ["exponential", "karras"])
def test_stable_audios_dpm_solver_agrees(schedule: str, solver: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"solver_type": solver, "prediction_type": "epsilon", "lower_order_final": False}
    name = "CosineDPMSolverMultistepScheduler"
    scheduler = on_a_path(monkeypatch, "cosine_dpmsolver_multistep", name, 20, sigma_schedule=schedule, **settings)
    levels = at_sigmas(EXPLODING, scheduler)
    x = start = START * levels[0].sigma
    for t, level in zip(scheduler.timesteps, levels, strict=False):
        skip, out = edm_weights(level.sigma, scheduler.config.sigma_data)
        x = scheduler.step((MODEL(x, level) - skip * x) / out, t, x, return_dict=False)[0]
    near(numbered(dpm_multistep(order=2, solver=solver, eta=1.0, lower_order_final=0), levels, start), x)


@pytest.mark.parametrize("karras", [False, True])
@pytest.mark.parametrize("steps", [8, 20])
def test_dpmpp_sde_agrees(steps: int, karras: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {**LINEAR, "use_karras_sigmas": karras}
    scheduler = on_a_path(monkeypatch, "dpmsolver_sde", "DPMSolverSDEScheduler", steps, **settings)
    levels = at_sigmas(EXPLODING, scheduler)
    x = start = START * levels[0].sigma
    for t in scheduler.timesteps:
        middle = scheduler.mid_point_sigma
        scheduler.scale_model_input(x, t)
        asked = EXPLODING.level(float(scheduler.sigmas[scheduler.step_index] if middle is None else middle))
        x = scheduler.step(ng.eps(MODEL, x, asked), t, x, return_dict=False)[0]
    near(numbered(dpmpp_sde(), levels, start), x)


@pytest.mark.parametrize("steps", [8, 20])
def test_ipndm_agrees(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def denoise(x: torch.Tensor, level: ng.Level) -> torch.Tensor:
        """The scheduler takes sigma x + alpha v for the noise, from which no data follow where alpha is 0."""
        return MODEL(x, level) if level.alpha > 0 else torch.zeros_like(x)

    scheduler = scheduler_of(monkeypatch, "IPNDMScheduler")
    scheduler.set_timesteps(steps)
    pairs = zip(scheduler.alphas.tolist(), scheduler.betas.tolist(), strict=True)
    levels = ng.Levels(tuple(ng.Level(sigma, alpha, sigma) for alpha, sigma in pairs), PRESERVING)
    x = START
    for t, level in zip(scheduler.timesteps, levels, strict=False):
        x = scheduler.step(ng.v(denoise, x, level), t, x, return_dict=False)[0]
    state = ipndm().init(START)
    for index in range(levels.steps):
        state = ipndm().step(denoise, state, ng.Step(levels, index, lambda draw=0: START, lambda low, high: START))
    near(state.x, x)


@pytest.mark.parametrize("corrections", [1, 2])
def test_predictor_corrector_agrees(corrections: int, monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler = scheduler_of(monkeypatch, "ScoreSdeVeScheduler", num_train_timesteps=20, correct_steps=corrections)
    rows = iter(NOISE.repeat(3, 1, 1))
    monkeypatch.setattr(sys.modules[type(scheduler).__module__], "randn_tensor", lambda *_, **__: next(rows))
    scheduler.set_timesteps(20)
    scheduler.set_sigmas(20)
    process = ng.GeometricVE(scheduler.config.sigma_min, scheduler.config.sigma_max)
    points = [process.level(float(t)) for t in scheduler.timesteps]
    levels = ng.Levels((*points, process.level(0.0)._replace(sigma=0.0)), process)
    x = start = START * scheduler.config.sigma_max
    for t, level in zip(scheduler.timesteps, points, strict=True):
        for _ in range(corrections):
            x = scheduler.step_correct(ng.score(MODEL, x, level), x).prev_sample
        found = scheduler.step_pred(ng.score(MODEL, x, level), t, x)
        x = found.prev_sample
    node = predictor_corrector(snr=scheduler.config.snr, corrections=corrections, reference="score_sde")
    near(numbered(node, levels, start), found.prev_sample_mean)


@pytest.mark.parametrize("name", ["DDIMParallelScheduler", "DDPMParallelScheduler", "UnCLIPScheduler"])
def test_the_ancestral_schedulers_of_particular_pipelines_agree(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cosine = name == "UnCLIPScheduler"
    settings = (
        {"variance_type": "fixed_small_log", "clip_sample": False} if cosine else {**LINEAR, "clip_sample": False}
    )
    scheduler = scheduler_of(monkeypatch, name, **settings)
    scheduler.set_timesteps(20)
    process = ng.DiscreteVP("cosine") if cosine else DISCRETE
    times = [float(t) for t in scheduler.timesteps]
    levels = ng.Levels((*(process.level(t) for t in times), process.level(-1)), process)
    befores = [{"prev_timestep": int(t)} for t in times[1:]] + [{}] if cosine else [{}] * 20
    x = START
    for t, level, before in zip(scheduler.timesteps, levels, befores, strict=False):
        x = scheduler.step(ng.eps(MODEL, x, level), int(t), x, return_dict=False, **before)[0]
    # In float32 the last of the cosine schedule's alphas have three digits left.
    near(ours(ddim() if "DDIM" in name else ddpm(), levels), x, close=1e-3 if cosine else CLOSE)


def test_wuerstchens_ddpm_agrees(monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler = scheduler_of(monkeypatch, "DDPMWuerstchenScheduler")
    scheduler.set_timesteps(20)
    squares = [float(scheduler._alpha_cumprod(t[None], "cpu")) for t in scheduler.timesteps]
    points = tuple(
        ng.Level(float(t), a**0.5, (1 - a) ** 0.5) for t, a in zip(scheduler.timesteps, squares, strict=True)
    )
    x = START
    for t, level in zip(scheduler.timesteps[:-1], points, strict=False):
        x = scheduler.step(ng.eps(MODEL, x, level), t.expand(len(x)), x, return_dict=False)[0]
    # It draws nothing in its last step, which ends where a little noise is left.
    silent = [*NOISE[:19], torch.zeros_like(START)]
    state = ddpm().init(START)
    for index in range(20):
        step = ng.Step(
            ng.Levels(points, PRESERVING), index, lambda draw=0, row=index: silent[row], lambda low, high: START
        )
        state = ddpm().step(MODEL, state, step)
    near(state.x, x)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_cogvideos_ddim_agrees(prediction: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"clip_sample": False, "prediction_type": prediction, "snr_shift_scale": 1.0}
    scheduler = scheduler_of(monkeypatch, "CogVideoXDDIMScheduler", **LINEAR, **settings)
    scheduler.set_timesteps(20)
    ask = ng.v if prediction == "v_prediction" else ng.eps
    x = START
    for t in scheduler.timesteps:
        x = scheduler.step(ask(MODEL, x, exact(t)), int(t), x, return_dict=False)[0]
    near(ours(ddim(), stepping(scheduler.timesteps)), x)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("algorithm", ["dpmsolver++", "dpmsolver"])
def test_inverse_dpm_solver_agrees(algorithm: str, order: int, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"algorithm_type": algorithm, "solver_order": order, "lower_order_final": False}
    scheduler = scheduler_of(monkeypatch, "DPMSolverMultistepInverseScheduler", **LINEAR, **settings)
    scheduler.set_timesteps(20)
    levels, x = at_sigmas(PRESERVING, scheduler), START
    for t, level in zip(scheduler.timesteps, levels, strict=False):
        x = scheduler.step(ng.eps(MODEL, x, level), t, x, return_dict=False)[0]
    form: Any = "x0" if algorithm == "dpmsolver++" else "eps"
    near(ours(inverse(dpm_multistep(order=order, prediction=form, lower_order_final=0)), levels), x)


@pytest.mark.parametrize("eta", [0.0, 1.0])
def test_repaint_agrees_on_levels_with_jumps(eta: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of as many steps as the process has: with fewer, diffusers goes up by the betas of other indices."""
    settings = {**LINEAR, "eta": eta, "num_train_timesteps": 20, "clip_sample": True}
    scheduler = scheduler_of(monkeypatch, "RePaintScheduler", **settings)
    rows = iter(NOISE.repeat(3, 1, 1))
    monkeypatch.setattr(sys.modules[type(scheduler).__module__], "randn_tensor", lambda *_, **__: next(rows))
    scheduler.set_timesteps(20, jump_length=5, jump_n_sample=2)
    process = ng.DiscreteVP("linear", 20)
    known, kept = three_clusters().sample(8, seed=5), torch.tensor([1.0, 0.0]).expand(8, 2)
    x, before, visited = START, 20, [19]
    for t in scheduler.timesteps.tolist():
        if t < before:
            x = scheduler.step(ng.eps(MODEL, x, process.level(t)), t, x, known, kept, return_dict=False)[0]
        else:
            x = scheduler.undo_step(x, before)
        visited.append(t - 1 if t < before else before)
        before = t
    levels = ng.Levels(tuple(process.level(t) for t in visited), process)
    node = replace(ddim(eta=eta, reference="diffusers"), ng.Latent(known), ng.Mask(1 - kept))
    near(one_row_a_step(node, levels), x)


def test_travel_jumps_as_repaints_own_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its list of times is the same in diffusers, which reads it one index lower after a step."""
    scheduler = scheduler_of(monkeypatch, "RePaintScheduler", num_train_timesteps=20)
    scheduler.set_timesteps(20, jump_length=5, jump_n_sample=3)
    levels = ng.Levels(tuple(ng.DiscreteVP("linear", 20).level(t) for t in range(19, -2, -1)), DISCRETE)
    assert [level.t for level in travel(levels, length=5, times=3)] == [*scheduler.timesteps.tolist(), -1]


def one_row_a_step(sampler: ng.Sampler, levels: ng.Levels) -> torch.Tensor:
    """Our walk with one row of noise for all draws of a step, as RePaint's scheduler has it."""
    state, model = sampler.init(START), clamp(MODEL)
    rows = NOISE.repeat(3, 1, 1)
    for index in range(levels.steps):
        step = ng.Step(levels, index, lambda draw=0, row=index: rows[row], lambda low, high: START)
        state = sampler.step(model, state, step)
    return torch.as_tensor(state.x)


def test_every_scheduler_that_the_documents_name_is_compared() -> None:
    page = (Path(__file__).parents[2] / "docs" / "samplers.md").read_text()
    table = page.split("## By the names of diffusers")[1].split("## ")[0]
    cells = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    named = [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]
    tests = "".join(file.read_text() for file in Path(__file__).parent.glob("test_*.py"))
    assert len(named) > 25
    assert [name for name in named if f'"{name}Scheduler"' not in tests and f'"{name} PC"' not in tests] == []
