"""DPM-Solver, DPM-Solver++ and UniPC converge at their order, and with the published codes' own errors."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes.samplers.dpm_fast import dpm_fast
from noisegraph.nodes.samplers.dpm_multistep import dpm_multistep
from noisegraph.nodes.samplers.dpm_singlestep import dpm_singlestep, fast_orders
from noisegraph.nodes.samplers.dpmpp import dpmpp_2m, dpmpp_2m_sde, dpmpp_2s, dpmpp_3m_sde
from noisegraph.nodes.samplers.dpmpp_sde import dpmpp_sde
from noisegraph.nodes.samplers.unipc import unipc
from noisegraph.testing.order import measured_order

from .golden import FOLDER, Table, load, mixture, needs_golden

pytestmark = needs_golden


@cache
def reference(name: str) -> torch.Tensor:
    return torch.from_numpy(load("orders_ref.npz")[name])


def vp(steps: int) -> ng.Levels:
    """The continuous VP process of the table from t = 1 to its end, in equal distances of log-SNR."""
    setting = load("params.json")["cont_vp"]
    process = ng.ContinuousVP(setting["beta_min"], setting["beta_max"])
    low, high = (process.level(t).log_snr for t in (1.0, setting["t_end"]))
    return ng.Levels(tuple(process.at_log_snr(low + (high - low) * k / steps) for k in range(steps + 1)), process)


def ve(steps: int, most: float = 80.0, spacing: str = "exponential") -> ng.Levels:
    """sigma from the most to 0.01; karras: in equal distances of sigma^(1/7), otherwise of log sigma."""
    to: Callable[[float], float] = (lambda s: s ** (1 / 7)) if spacing == "karras" else math.log
    back: Callable[[float], float] = (lambda u: u**7) if spacing == "karras" else math.exp
    sigmas = [back(to(most) + (to(0.01) - to(most)) * k / steps) for k in range(steps + 1)]
    return ng.Levels(tuple(ng.Level(s, 1.0, s) for s in sigmas), Table(preserving=False))


def walked(sampler: ng.Sampler, levels: ng.Levels, start: torch.Tensor) -> torch.Tensor:
    """x at the last level, all noise being 0."""

    state, denoiser, silence = sampler.init(start), mixture("A2").denoiser(), torch.zeros_like(start)
    for index in range(levels.steps):
        step = ng.Step(levels, index, noise=lambda draw=0: silence, path=lambda start, end: silence)
        state = sampler.step(denoiser, state, step)
    return state.x


def error(sampler: ng.Sampler, levels: ng.Levels) -> float:
    """The mean distance from the exact flow at the last level."""
    space = "vp" if levels[-1].alpha < 1 else "ve"
    found = walked(sampler, levels, reference("z") * (1.0 if space == "vp" else levels[0].sigma))
    return float((found - reference(f"ref_{space}")).norm(dim=1).mean())


RIGHT = {
    "dpm_singlestep-1": (1, dpm_singlestep(order=1)),
    "dpm_singlestep-2": (2, dpm_singlestep(order=2)),
    "dpm_singlestep-2 on noise": (2, dpm_singlestep(order=2, prediction="eps")),
    "dpm_singlestep-3": (3, dpm_singlestep(order=3)),
    "dpm_singlestep-3 on noise": (3, dpm_singlestep(order=3, prediction="eps")),
    "dpm_singlestep-3 heun": (3, dpm_singlestep(order=3, solver="heun")),
    "dpm_multistep-1": (1, dpm_multistep(order=1)),
    "dpmpp_2m": (2, dpmpp_2m()),
    "dpmpp_2m heun": (2, dpmpp_2m(solver="heun")),
    "dpm_multistep-3": (3, dpm_multistep(order=3, solver="heun")),
    "dpm_multistep-3 on noise": (3, dpm_multistep(order=3, prediction="eps")),
    "dpmpp_2s": (2, dpmpp_2s()),
    "dpmpp_sde without noise": (2, dpmpp_sde(eta=0.0)),
    "dpmpp_3m_sde without noise": (3, dpmpp_3m_sde(eta=0.0)),
    "unipc-1 b1": (2, unipc(order=1, variant="b1")),
    "unipc-1": (2, unipc(order=1)),
    "unipc-2": (3, unipc(order=2)),
    "unipc-2 varying": (3, unipc(order=2, variant="vary_coeff")),
    "unipc-3": (4, unipc(order=3)),
    "unipc-3 on noise": (4, unipc(order=3, prediction="eps")),
    "unipc-3 varying": (4, unipc(order=3, variant="vary_coeff")),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", RIGHT)
def test_a_sampler_converges_at_its_order_over_log_snr(name: str) -> None:
    order, sampler = RIGHT[name]
    found = measured_order(lambda steps: error(sampler, vp(steps)), (160, 320, 640, 1280))
    assert abs(found.order - order) <= 0.2, f"{name}: {found}"


@pytest.mark.slow
def test_dpm_fast_of_order_3_converges_at_its_order_over_log_snr() -> None:
    sampler = dpm_fast(order=3, schedule="fixed")
    found = measured_order(lambda steps: error(sampler, vp(steps)), (240, 480, 960, 1920))
    assert abs(found.order - 3) <= 0.2, found


def published(name: str) -> Callable[[int], tuple[ng.Sampler, ng.Levels]]:
    """The sampler and the grid of a row of the table, at a number of steps."""
    words = name.split(" | ")[0].split()
    if words[0].startswith("UniPC"):
        order, variant = int(words[0][-1]), {"bh1": "b1", "bh2": "b2"}.get(words[1], words[1])
        prediction = "x0" if words[2] == "data" else "eps"
        sampler = unipc(order=order, variant=variant, prediction=prediction, lower_order_final=0, reference="published")
        return lambda steps: (sampler, vp(steps))
    order, prediction = int(words[0][-1]), "x0" if "++" in words[0] else "eps"
    if words[1] == "multistep":
        multistep = dpm_multistep(order=order, prediction=prediction, lower_order_final=10, reference="dpm_solver")
        return lambda steps: (multistep, vp(steps))
    if words[1] == "singlestep_fixed":
        return lambda steps: (dpm_singlestep(order=order, prediction=prediction), vp(steps // order))
    return lambda steps: (
        dpm_singlestep(order=order, prediction=prediction, evaluations=steps),
        vp(len(fast_orders(steps, order))),
    )


def rows(wanted: Callable[[str], bool]) -> Sequence[str]:
    """The rows of the table that are on log-SNR grids."""
    table = load("orders.json") if FOLDER.is_dir() else {}
    return [name for name in table if wanted(name) and name.endswith("| logSNR")]


def agrees(name: str, ours: Callable[[int], float], most: int) -> None:
    row = load("orders.json")[name]
    for steps, theirs in zip(row["steps"], row["mean_l2_error"], strict=True):
        if steps <= most and theirs > 1e-9:
            assert ours(steps) == pytest.approx(theirs, rel=1e-4), f"{name} at {steps} steps"


@pytest.mark.slow
@pytest.mark.parametrize("name", rows(lambda name: name.startswith(("dpmsolver", "UniPC"))))
def test_the_published_codes_errors_are_ours_when_asked_for(name: str) -> None:
    agrees(name, lambda steps: error(*published(name)(steps)), most=640)


K_DIFFUSION: dict[str, ng.Sampler] = {
    "dpmpp_2m": dpmpp_2m(lower_order_final=0),
    "dpmpp_2s (eta=0)": dpmpp_2s(),
    "dpmpp_sde eta=0": dpmpp_sde(eta=0.0),
    "dpmpp_2m_sde eta=0 midpoint": dpmpp_2m_sde(eta=0.0),
    "dpmpp_2m_sde eta=0 heun": dpmpp_2m_sde(eta=0.0, solver="heun"),
    "dpmpp_3m_sde eta=0": dpmpp_3m_sde(eta=0.0, reference="k_diffusion"),
}


@pytest.mark.slow
@pytest.mark.parametrize("spacing", ["karras", "exponential"])
@pytest.mark.parametrize("name", K_DIFFUSION)
def test_k_diffusions_errors_are_ours_when_asked_for(name: str, spacing: str) -> None:
    row = f"k-diffusion {name} | {spacing}"
    agrees(row, lambda steps: error(K_DIFFUSION[name], ve(steps, spacing=spacing)), most=640)


def drift(start: torch.Tensor, high: float, low: float, steps: int = 4000) -> torch.Tensor:
    """dy / dlambda = -2 (y - D(y)), the reverse SDE without its noise, by Runge and Kutta."""
    denoiser, h, y = mixture("A2").denoiser(), math.log(high / low) / steps, start

    def slope(y: torch.Tensor, at: float) -> torch.Tensor:
        sigma = high * math.exp(-at)
        return -2 * (y - denoiser(y, ng.Level(sigma, 1.0, sigma)))

    for index in range(steps):
        at = index * h
        k1 = slope(y, at)
        k2 = slope(y + h / 2 * k1, at + h / 2)
        k3 = slope(y + h / 2 * k2, at + h / 2)
        k4 = slope(y + h * k3, at + h)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return y


DRIFT: dict[str, tuple[str | None, float, ng.Sampler]] = {
    "2M": ("k-diffusion dpmpp_2m_sde midpoint", 2, dpmpp_2m_sde()),
    "3M": (None, 3, dpmpp_3m_sde()),
    "3M as in k-diffusion": ("k-diffusion dpmpp_3m_sde", 2, dpmpp_3m_sde(reference="k_diffusion")),
    "3M as in diffusers": ("diffusers sde-dpmsolver++-3", 1, dpmpp_3m_sde(solver="midpoint", reference="diffusers")),
    "SDE": ("k-diffusion dpmpp_sde", 2, dpmpp_sde()),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", DRIFT)
def test_the_drift_of_the_sde_solvers_converges_at_its_order(name: str) -> None:
    row, order, sampler = DRIFT[name]
    start = reference("z") * 20.0
    exact = drift(start, 20.0, 0.01)

    def off(steps: int) -> float:
        return float((walked(sampler, ve(steps, 20.0), start) - exact).norm(dim=1).mean())

    found = measured_order(off, (160, 320, 640, 1280))
    assert abs(found.order - order) <= 0.2, f"{name}: {found}"
    if row is not None:
        agrees(f"{row} noise-free drift | exponential", off, most=320)
