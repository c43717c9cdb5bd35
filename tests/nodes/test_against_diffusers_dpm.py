"""DPM-Solver, DPM-Solver++ and UniPC agree with diffusers' schedulers on the same grid and noise."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes.samplers.dpm_fast import dpm_fast
from noisegraph.nodes.samplers.dpm_multistep import dpm_multistep
from noisegraph.nodes.samplers.unipc import unipc
from noisegraph.testing.mixture import three_clusters

from .golden import Table

pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.algorithm_type:FutureWarning"),
]
START = torch.randn(8, 2, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
NOISE = torch.randn(40, 8, 2, generator=torch.Generator().manual_seed(4), dtype=torch.float32)
CLOSE = 2e-4
"""diffusers computes in float32, from logarithms of sigmas in float32."""


def scheduler_of(name: str, **settings: Any) -> Any:
    """One of diffusers' schedulers; to import it takes a second."""
    import diffusers.schedulers

    return getattr(diffusers.schedulers, name)(**settings)


def theirs(scheduler: Any, steps: int) -> torch.Tensor:
    """diffusers' walk, its network being exact at the scheduler's sigmas."""
    scheduler.set_timesteps(steps)
    x = START
    extra = [{"variance_noise": noise} for noise in NOISE] if takes_noise(scheduler) else [{}] * len(NOISE)
    for t, level, more in zip(scheduler.timesteps, levels_of(scheduler), extra, strict=False):
        x = scheduler.step(ng.eps(three_clusters().denoiser(), x, level), t, x, return_dict=False, **more)[0]
    return x


def takes_noise(scheduler: Any) -> bool:
    return str(scheduler.config.get("algorithm_type")).startswith("sde")


def levels_of(scheduler: Any) -> ng.Levels:
    """The grid that a scheduler has after `set_timesteps`."""
    process = Table(preserving=True)
    return ng.Levels(tuple(process.level(float(sigma)) for sigma in scheduler.sigmas), process)


def ours(sampler: ng.Sampler, levels: ng.Levels) -> torch.Tensor:
    """Our walk over the same levels with the same noise."""
    state = sampler.init(START)
    for index in range(levels.steps):
        step = ng.Step(levels, index, lambda draw=0: NOISE[0], lambda start, end, row=index: NOISE[row].double())
        state = sampler.step(three_clusters().denoiser(), state, step)
    return state.x


def agree(sampler: ng.Sampler, scheduler: Any, steps: int) -> None:
    wanted = theirs(scheduler, steps)
    gap = float((ours(sampler, levels_of(scheduler)) - wanted).abs().max())
    assert gap <= CLOSE * max(1.0, float(wanted.abs().max())), f"{gap:.1e}"


def multistep_settings() -> Iterator[dict[str, Any]]:
    algorithms = ("dpmsolver++", "dpmsolver", "sde-dpmsolver++", "sde-dpmsolver")
    for algorithm, order, solver, karras in product(algorithms, (1, 2, 3), ("midpoint", "heun"), (False, True)):
        if algorithm == "sde-dpmsolver" and order == 3:
            continue  # diffusers does not have it
        if karras and not algorithm.endswith("++"):
            continue  # only this can end at 0, and ended at sigma_min the scheduler takes a step of length 0
        yield {
            "algorithm_type": algorithm,
            "solver_order": order,
            "solver_type": solver,
            "use_karras_sigmas": karras,
            "final_sigmas_type": "zero" if karras else "sigma_min",
        }


def named(settings: dict[str, Any]) -> str:
    return " ".join(str(value) for value in settings.values())


@pytest.mark.parametrize("steps", [8, 20])
@pytest.mark.parametrize("settings", [*multistep_settings()], ids=named)
def test_dpm_multistep_agrees_with_diffusers(settings: dict[str, Any], steps: int) -> None:
    algorithm = settings["algorithm_type"]
    sampler = dpm_multistep(
        order=settings["solver_order"],
        prediction="x0" if algorithm.endswith("++") else "eps",
        solver=settings["solver_type"],
        eta=1.0 if algorithm.startswith("sde") else 0.0,
        reference="diffusers",
    )
    agree(sampler, scheduler_of("DPMSolverMultistepScheduler", **settings), steps)


def singlestep_settings() -> Iterator[dict[str, Any]]:
    for algorithm, order, solver, lower in product(
        ("dpmsolver++", "dpmsolver"), (1, 2, 3), ("midpoint", "heun"), (False, True)
    ):
        yield {
            "algorithm_type": algorithm,
            "solver_order": order,
            "solver_type": solver,
            "lower_order_final": lower,
            "final_sigmas_type": "sigma_min",
        }


@pytest.mark.parametrize("steps", [12, 18])
@pytest.mark.parametrize("settings", [*singlestep_settings()], ids=named)
def test_dpm_fast_agrees_with_diffusers(settings: dict[str, Any], steps: int) -> None:
    sampler = dpm_fast(
        order=settings["solver_order"],
        prediction="x0" if settings["algorithm_type"] == "dpmsolver++" else "eps",
        solver=settings["solver_type"],
        schedule="fast" if settings["lower_order_final"] else "fixed",
        reference="diffusers",
    )
    agree(sampler, scheduler_of("DPMSolverSinglestepScheduler", **settings), steps)


def unipc_settings() -> Iterator[dict[str, Any]]:
    for order, solver, data, lower in product((1, 2, 3), ("bh1", "bh2"), (True, False), (True, False)):
        yield {
            "solver_order": order,
            "solver_type": solver,
            "predict_x0": data,
            "lower_order_final": lower,
            "final_sigmas_type": "sigma_min",
        }


@pytest.mark.parametrize("uncorrected", [0, 2])
@pytest.mark.parametrize("settings", [*unipc_settings()], ids=named)
def test_unipc_agrees_with_diffusers(settings: dict[str, Any], uncorrected: int) -> None:
    sampler = unipc(
        order=settings["solver_order"],
        variant="b1" if settings["solver_type"] == "bh1" else "b2",
        prediction="x0" if settings["predict_x0"] else "eps",
        uncorrected=uncorrected,
        lower_order_final=100 if settings["lower_order_final"] else 0,
    )
    scheduler = scheduler_of("UniPCMultistepScheduler", **settings, disable_corrector=list(range(uncorrected)))
    agree(sampler, scheduler, 12)
