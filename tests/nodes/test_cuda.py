"""On a GPU: steps that never wait for it, the noise of the CPU, and its pictures but for rounding."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.check import check
from noisegraph.devices import Device
from noisegraph.events import RunFinished
from noisegraph.graph import find
from noisegraph.nodes.samplers.ddim import ddim
from noisegraph.plan import plan
from noisegraph.registry import Registry
from noisegraph.run import run
from noisegraph.store.cache import Cache

from .test_contract_samplers import CLAIMS, SAMPLERS
from .test_waits import DENOISERS, LEVELS

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
STEPS = 8


def _levels(walks: str) -> ng.Levels:
    process = ng.DiscreteVP("scaled_linear", 1000, 0.00085, 0.012)
    points = [ng.at_ratio(process, 14.0 * (0.03 / 14.0) ** (index / STEPS)) for index in range(STEPS + 1)]
    return ng.Levels(tuple(reversed(points)) if walks == "up" else tuple(points), process)


def _walk(sampler: ng.Sampler, x: torch.Tensor, levels: ng.Levels, denoiser: ng.Denoiser) -> Any:
    state = sampler.init(x)
    for index in range(levels.steps):
        step = ng.Step(
            levels,
            index,
            noise=lambda draw=0, index=index: ng.normal(range(len(x)), x, "step", index, draw),
            path=lambda start, end: ng.brownian(range(len(x)), x, start, end),
        )
        state = sampler.step(denoiser, state, step)
    return state


def _shrunk(x: torch.Tensor, level: ng.Level) -> torch.Tensor:
    return 0.9 * x


def _waits(sampler: ng.Sampler, x: torch.Tensor, levels: ng.Levels, denoiser: ng.Denoiser = _shrunk) -> list[str]:
    """What torch says of synchronizations during a walk, the second one: the first may fill caches."""
    _walk(sampler, x, levels, denoiser)
    before = torch.cuda.get_sync_debug_mode()
    torch.cuda.set_sync_debug_mode("warn")
    try:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            _walk(sampler, x, levels, denoiser)
    finally:
        torch.cuda.set_sync_debug_mode(before)
    return [str(one.message) for one in told if "synchroniz" in str(one.message)]


def test_a_step_that_looks_is_counted() -> None:
    x = torch.ones(1, 4, 64, 64, device="cuda")
    assert len(_waits(ddim(), x, _levels("down"), lambda x, level: x * float(x.mean()))) >= STEPS


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_step_never_waits_for_the_gpu(name: str) -> None:
    sampler = SAMPLERS[name].function()
    if CLAIMS.get(name, {}).get("waits") or sampler.finished is not None:
        pytest.skip("it adapts its steps to what it finds, and says so")
    assert _waits(sampler, torch.randn(1, 4, 64, 64, device="cuda") * 14, _levels(sampler.walks)) == []


@pytest.mark.parametrize("name", DENOISERS)
def test_no_denoiser_waits_for_what_lies_on_the_cpu(name: str) -> None:
    x = torch.randn(2, 3, 16, 16, device="cuda")
    with torch.no_grad():
        assert _waits(ddim(), x, LEVELS, DENOISERS[name]("cuda")) == []


def test_noise_is_the_same_on_every_device() -> None:
    here, there = torch.empty(2, 4, 8, 8), torch.empty(2, 4, 8, 8, device="cuda")
    assert torch.equal(ng.normal((3, 4), here, "step", 5), ng.normal((3, 4), there, "step", 5).cpu())


def _digit(device: Device, folder: Path) -> torch.Tensor:
    planned = plan(check(find("digit"), Registry.installed(), {"digit": 7, "steps": 10}), device)
    last = list(run(planned, Cache(10**8, folder)))[-1]
    assert isinstance(last, RunFinished)
    assert last.failed == 0, json.dumps([dict(result.failed) for result in last.results])
    return last.results[0].outputs["image"].float().cpu()


def test_a_digit_is_the_same_but_for_rounding(tmp_path: Path) -> None:
    cpu = _digit(Device("cpu", "float32"), tmp_path / "cpu")
    gpu = _digit(Device("cuda", "float32"), tmp_path / "gpu")
    assert (cpu - gpu).abs().max() < 1e-2
    assert (cpu - gpu).abs().mean() < 1e-3
