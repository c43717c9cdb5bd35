"""SA-Solver walks as diffusers' scheduler does, on the same levels and noise."""

from __future__ import annotations

import sys
from typing import Any

import noisegraph as ng
import pytest
import torch
from diffusers.schedulers import SASolverScheduler
from noisegraph.testing.mixture import three_clusters
from noisegraph_sa_solver.solver import solver

MODEL = three_clusters().denoiser()
PROCESS = ng.ContinuousVP()
START = torch.randn(8, 2, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
NOISE = torch.randn(40, 8, 2, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
CLOSE = 1e-3
"""The scheduler's coefficients are differences of large numbers in float32."""

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def scheduled(monkeypatch: pytest.MonkeyPatch, steps: int, **settings: Any) -> tuple[torch.Tensor, ng.Levels]:
    """The scheduler's walk, its network being exact at its sigmas, and the levels that it walked."""
    rows = iter(NOISE)
    monkeypatch.setattr(sys.modules[SASolverScheduler.__module__], "randn_tensor", lambda *_, **__: next(rows))
    scheduler = SASolverScheduler(**settings)
    scheduler.set_timesteps(steps)
    levels = ng.Levels(tuple(ng.at_ratio(PROCESS, float(sigma)) for sigma in scheduler.sigmas), PROCESS)
    x = START
    for t, level in zip(scheduler.timesteps, levels, strict=False):
        x = scheduler.step(ng.eps(MODEL, x, level), int(t), x, return_dict=False)[0]
    return x, levels


def walked(sampler: ng.Sampler, levels: ng.Levels) -> torch.Tensor:
    """Our walk over the same levels with the same noise."""
    state = sampler.init(START)
    for index in range(levels.steps):
        step = ng.Step(levels, index, lambda draw=0, row=index: NOISE[row], lambda start, end: START)
        state = sampler.step(MODEL, state, step)
    return torch.as_tensor(state.x)


@pytest.mark.parametrize("lower_final", [False, True])
@pytest.mark.parametrize("tau", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(("predictor", "corrector"), [(1, 1), (1, 2), (2, 2), (3, 3), (3, 4), (2, 4)])
def test_it_walks_as_diffusers(
    predictor: int, corrector: int, tau: float, lower_final: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = {"predictor_order": predictor, "corrector_order": corrector, "lower_order_final": lower_final}
    wanted, levels = scheduled(monkeypatch, 12, tau_func=lambda t: tau, **orders)
    node = solver(tau=tau, predictor=predictor, corrector=corrector, lower_final=lower_final, reference="diffusers")
    assert float((walked(node, levels) - wanted).abs().max()) < CLOSE * max(1.0, float(wanted.abs().max()))


def test_noise_is_exchanged_in_the_window_that_diffusers_has(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted, levels = scheduled(monkeypatch, 20, predictor_order=2, corrector_order=2)
    discrete = ng.DiscreteVP()
    window = {"sigma_min": discrete.level(199.5).ratio, "sigma_max": discrete.level(800.5).ratio}
    node = solver(predictor=2, corrector=2, **window, lower_final=True, reference="diffusers")
    assert float((walked(node, levels) - wanted).abs().max()) < CLOSE


def test_the_weights_that_diffusers_simplifies_are_all_that_tells_them_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"predictor_order": 2, "corrector_order": 2, "lower_order_final": False}
    coarse, levels = scheduled(monkeypatch, 12, tau_func=lambda t: 0.0, **settings)
    plain = walked(solver(tau=0.0, predictor=2, corrector=2), levels)
    assert float((plain - coarse).abs().max()) > 10 * CLOSE
