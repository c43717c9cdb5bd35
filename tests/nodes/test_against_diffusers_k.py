"""The samplers in sigma, DDIM, DDPM, PNDM, DEIS and LCM agree with diffusers' schedulers on the same grid and noise."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import groupby, product
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes.samplers.ancestral import dpm2_ancestral, euler_ancestral
from noisegraph.nodes.samplers.ddim import ddim, ddpm
from noisegraph.nodes.samplers.deis import deis
from noisegraph.nodes.samplers.dpm2 import dpm2
from noisegraph.nodes.samplers.edm import euler, heun
from noisegraph.nodes.samplers.inversion import ddim_inversion
from noisegraph.nodes.samplers.lcm import lcm
from noisegraph.nodes.samplers.lms import lms
from noisegraph.nodes.samplers.pndm import plms, pndm
from noisegraph.testing.mixture import three_clusters

from .golden import Table

pytestmark = pytest.mark.filterwarnings("ignore:__array_:DeprecationWarning")
START = torch.randn(8, 2, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
NOISE = torch.randn(40, 8, 2, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
CLOSE = 2e-4
"""diffusers computes sigmas in float32."""


def scheduler_of(monkeypatch: pytest.MonkeyPatch, name: str, **settings: Any) -> Any:
    """One of diffusers' schedulers, which draws the stored noise; to import it takes a second."""
    import diffusers.schedulers

    kind = getattr(diffusers.schedulers, name)
    rows = iter(NOISE)
    monkeypatch.setattr(sys.modules[kind.__module__], "randn_tensor", lambda *_, **__: next(rows), raising=False)
    return kind(**settings)


def ours(sampler: ng.Sampler, levels: ng.Levels, start: torch.Tensor = START) -> torch.Tensor:
    """Our walk with the stored noise, a row for each step."""
    state = sampler.init(start)
    for index in range(levels.steps):
        step = ng.Step(levels, index, lambda draw=0, row=index: NOISE[row], lambda start, end, row=index: NOISE[row])
        state = sampler.step(three_clusters().denoiser(), state, step)
    return torch.as_tensor(state.x)


def theirs(scheduler: Any, told: Any, start: torch.Tensor = START, **extra: Any) -> torch.Tensor:
    """diffusers' walk with a network that is exact at the levels `told(t)`."""
    x = start
    for t in scheduler.timesteps:
        scheduler.scale_model_input(x, t)
        x = scheduler.step(ng.eps(three_clusters().denoiser(), x, told(t)), t, x, return_dict=False, **extra)[0]
    return x


def named(settings: dict[str, Any]) -> str:
    return " ".join(str(value) for value in settings.values())


IN_SIGMA = {
    "EulerDiscreteScheduler": euler(),
    "HeunDiscreteScheduler": heun(),
    "LMSDiscreteScheduler": lms(),
    "EulerAncestralDiscreteScheduler": euler_ancestral(),
    "KDPM2DiscreteScheduler": dpm2(),
    "KDPM2AncestralDiscreteScheduler": dpm2_ancestral(),
}


def grids() -> Iterator[dict[str, Any]]:
    for name, spacing, karras in product(IN_SIGMA, ("linspace", "leading", "trailing"), (False, True)):
        if not (karras and name == "EulerAncestralDiscreteScheduler"):
            yield {"name": name, "timestep_spacing": spacing, **({"use_karras_sigmas": True} if karras else {})}


@pytest.mark.parametrize("steps", [8, pytest.param(20, marks=pytest.mark.slow)])
@pytest.mark.parametrize("settings", [*grids()], ids=named)
def test_samplers_in_sigma_agree_with_diffusers(
    settings: dict[str, Any], steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduler = scheduler_of(monkeypatch, **settings)
    scheduler.set_timesteps(steps)
    process = Table(preserving=False)
    levels = ng.Levels(tuple(process.level(float(s)) for s, _ in groupby(scheduler.sigmas)), process)
    start = START * levels[0].sigma
    found = theirs(scheduler, lambda t: process.level(asked(scheduler)), start)
    assert float((ours(IN_SIGMA[settings["name"]], levels, start) - found).abs().max()) < CLOSE


def asked(scheduler: Any) -> float:
    """The sigma at which a scheduler wants its network to be asked next."""
    if getattr(scheduler, "state_in_first_order", True) or not hasattr(scheduler, "sigmas_interpol"):
        return float(scheduler.sigmas[scheduler.step_index])
    ancestral = "Ancestral" in type(scheduler).__name__
    return float(scheduler.sigmas_interpol[scheduler.step_index - (1 if ancestral else 0)])


LINEAR = {"beta_start": 0.0001, "beta_end": 0.02, "beta_schedule": "linear"}
DISCRETE = ng.DiscreteVP()
CLEAN = DISCRETE.level(-1)


def exact(t: Any) -> ng.Level:
    """The level of a timestep."""
    return DISCRETE.level(float(t))


def stepping(times: Any) -> ng.Levels:
    """From timestep to timestep, then to clean data."""
    return ng.Levels((*(exact(t) for t in times), CLEAN), DISCRETE)


@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("spacing", ["leading", "trailing"])
def test_ddim_agrees_with_diffusers(spacing: str, eta: float, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {**LINEAR, "clip_sample": False, "timestep_spacing": spacing}
    scheduler = scheduler_of(monkeypatch, "DDIMScheduler", **settings)
    scheduler.set_timesteps(20)
    found = theirs(scheduler, exact, eta=eta)
    assert float((ours(ddim(eta=eta), stepping(scheduler.timesteps)) - found).abs().max()) < CLOSE


@pytest.mark.parametrize("variance", ["small", "large"])
@pytest.mark.parametrize("spacing", ["leading", "trailing"])
def test_ddpm_agrees_with_diffusers(spacing: str, variance: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"clip_sample": False, "timestep_spacing": spacing, "variance_type": f"fixed_{variance}"}
    scheduler = scheduler_of(monkeypatch, "DDPMScheduler", **LINEAR, **settings)
    scheduler.set_timesteps(20)
    sampler = ddpm(variance=variance, reference="diffusers")
    found = theirs(scheduler, exact)
    assert float((ours(sampler, stepping(scheduler.timesteps)) - found).abs().max()) < CLOSE


def test_ddpm_adds_no_noise_to_clean_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where diffusers does, with trailing levels and the large variance."""
    settings = {"clip_sample": False, "timestep_spacing": "trailing", "variance_type": "fixed_large"}
    scheduler = scheduler_of(monkeypatch, "DDPMScheduler", **LINEAR, **settings)
    scheduler.set_timesteps(20)
    levels = stepping(scheduler.timesteps)
    last = ng.Levels(levels.points[-2:], DISCRETE)
    expected = three_clusters().denoiser()(START, last[0])
    torch.testing.assert_close(ours(ddpm(variance="large"), last), expected)
    assert float((theirs(scheduler, exact) - ours(ddpm(variance="large"), levels)).abs().max()) > 0.05


@pytest.mark.parametrize("skip", [True, False])
def test_pndm_agrees_with_diffusers(skip: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler = scheduler_of(monkeypatch, "PNDMScheduler", **LINEAR, skip_prk_steps=skip, set_alpha_to_one=True)
    scheduler.set_timesteps(20)
    levels = stepping(range(950, -1, -50))
    found = theirs(scheduler, exact)
    assert float((ours(plms() if skip else pndm(), levels) - found).abs().max()) < CLOSE


@pytest.mark.parametrize("steps", [8, 20])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_deis_agrees_with_diffusers(order: int, steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler = scheduler_of(monkeypatch, "DEISMultistepScheduler", **LINEAR, solver_order=order)
    scheduler.set_timesteps(steps)
    process = Table(preserving=True)
    levels = ng.Levels(tuple(process.level(float(sigma)) for sigma in scheduler.sigmas), process)
    sampler = deis(variable="log_rho", order=order - 1, lower_final=steps < 15)
    told = iter(levels)
    found = theirs(scheduler, lambda t: next(told))
    assert float((ours(sampler, levels) - found).abs().max()) < CLOSE


def test_ddim_inversion_agrees_with_diffusers(monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler = scheduler_of(monkeypatch, "DDIMInverseScheduler", **LINEAR, clip_sample=False)
    scheduler.set_timesteps(20)
    levels = ng.Levels((CLEAN, *(exact(t) for t in scheduler.timesteps)), DISCRETE)
    assert float((ours(ddim_inversion(), levels) - theirs(scheduler, exact)).abs().max()) < CLOSE


@pytest.mark.parametrize("steps", [1, 4, 8])
def test_lcm_agrees_with_diffusers(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler = scheduler_of(monkeypatch, "LCMScheduler", **LINEAR, clip_sample=False)
    scheduler.set_timesteps(steps)
    found = theirs(scheduler, exact)
    assert float((ours(lcm(timestep_scaling=10.0), stepping(scheduler.timesteps)) - found).abs().max()) < CLOSE
