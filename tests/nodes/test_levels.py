"""Grids hold the levels that their papers and the published implementations hold."""

from __future__ import annotations

import json
import math
from typing import Any

import noisegraph as ng
import numpy
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some
from noisegraph.nodes import process as processes
from noisegraph.nodes.grids import beta, cut, noise, time
from noisegraph.nodes.samplers.pndm import pndm
from noisegraph.testing.trial import Asked, states

from .golden import Case, cases, load, needs_golden

LINEAR = processes.linear()


def times(levels: ng.Levels) -> list[float]:
    return [level.t for level in levels]


def ratios(levels: ng.Levels) -> list[float]:
    return [level.ratio for level in levels]


def of_diffusers(*schedulers: str) -> list[Any]:
    """The timestep tables of these schedulers."""
    found = cases("diffusers", "schedule")
    return [one for one in found if one.values[0] is None or scheduler(one.values[0]) in schedulers]


def scheduler(case: Case) -> str:
    """Whose timesteps the case's table holds."""
    return case.id.split("_")[1]


def asked(case: Case) -> dict[str, Any]:
    """What the case's table was asked for, as parameters of levels.uniform."""
    return {"steps": case.params["S"], "spacing": case.params["spacing"], "offset": case.params["steps_offset"]}


def refused(case: Case) -> str | None:
    """What levels.uniform says of tables that diffusers makes nonsense of."""
    if case.arrays["x_final"].max() > 999:
        return "beyond the last index"  # diffusers hands index 1000 to the model
    if scheduler(case) == "DPMSolverMultistepScheduler" and case.params["S"] == 1000:
        return None if case.params["spacing"] == "trailing" else "1001 levels of a process that has 1000"
    return None


@pytest.mark.parametrize("case", of_diffusers("DDPMScheduler", "DDIMScheduler", "EulerDiscreteScheduler"))
def test_uniform_levels_are_those_of_diffusers(case: Case) -> None:
    if (told := refused(case)) is not None:
        with pytest.raises(ng.NodeError, match=told):
            time.uniform(LINEAR, **asked(case))
        return
    between_indices = scheduler(case) == "EulerDiscreteScheduler" and case.params["spacing"] == "linspace"
    ours = time.normal(LINEAR, steps=case.params["S"]) if between_indices else time.uniform(LINEAR, **asked(case))
    numpy.testing.assert_allclose(times(ours)[:-1], case.arrays["x_final"], rtol=1e-6)  # Euler's are of float32


@pytest.mark.parametrize("case", of_diffusers("DPMSolverMultistepScheduler"))
def test_uniform_levels_are_those_of_diffusers_solvers(case: Case) -> None:
    """Its trailing levels go on to clean data; the others leave a place for one more, which is the end."""
    end = "data" if case.params["spacing"] == "trailing" else "sigma_min"
    if (told := refused(case)) is not None:
        with pytest.raises(ng.NodeError, match=told):
            time.uniform(LINEAR, **asked(case), end=end)
        return
    assert times(time.uniform(LINEAR, **asked(case), end=end))[:-1] == case.arrays["x_final"].tolist()


HALF_WAY = [1, 2, 5, 6, 9, 10]
"""The questions of PNDM's warm-up that lie between two levels."""


@pytest.mark.parametrize("case", of_diffusers("PNDMScheduler"))
def test_pndm_asks_at_the_timesteps_of_diffusers(case: Case) -> None:
    if (told := refused(case)) is not None:
        with pytest.raises(ng.NodeError, match=told):
            time.uniform(LINEAR, **asked(case))
        return
    levels, model = time.uniform(LINEAR, **asked(case)), Asked(lambda x, level: x)
    states(pndm(), model, torch.ones(1, 1), levels, (0,))
    ours, theirs = numpy.array([level.t for level in model.levels]), case.arrays["x_final"]
    assert numpy.delete(ours, HALF_WAY).tolist() == numpy.delete(theirs, HALF_WAY).tolist()
    # Half a step is of the leading stride there, in whole indices, whatever the spacing.
    stride = 1000 // case.params["S"]
    assert theirs[HALF_WAY].tolist() == [levels[1 + index // 4].t + stride // 2 for index in HALF_WAY]
    assert ours[HALF_WAY].tolist() == [(levels[index // 4].t + levels[1 + index // 4].t) / 2 for index in HALF_WAY]


@needs_golden
def test_no_timestep_table_is_left_out() -> None:
    compared = {"DDPMScheduler", "DDIMScheduler", "EulerDiscreteScheduler", "DPMSolverMultistepScheduler"}
    assert {scheduler(one.values[0]) for one in cases("diffusers", "schedule")} == {*compared, "PNDMScheduler"}


@pytest.mark.parametrize("case", cases("guided_diffusion", "ddim") + cases("guided_diffusion", "ddpm_ancestral"))
def test_strided_levels_are_those_of_guided_diffusion(case: Case) -> None:
    process = processes.linear() if case.meta["schedule"] == "linear" else processes.cosine()
    spacing = str(case.params.get("spacing", case.params["n_steps"]))
    levels = time.strided(process, sections=spacing)
    assert times(levels)[:-1] == case.arrays["grid_t"].tolist()
    numpy.testing.assert_allclose([level.alpha for level in levels], case.arrays["grid_alpha"], rtol=1e-12)


@pytest.mark.parametrize("case", cases("ddim_repo", "ddim", lambda p: p["spacing"] == "repo_quad" and p["eta"] == 0))
def test_quadratic_levels_are_those_of_ddims_authors(case: Case) -> None:
    process = processes.linear() if case.meta["schedule"] == "linear" else processes.scaled_linear(beta_start=0.00085)
    levels = time.quadratic(process, steps=case.params["S_requested"])
    assert times(levels)[:-1] == case.arrays["grid_t"].tolist()


@needs_golden
@pytest.mark.parametrize("steps", [5, 10, 20])
def test_karras_and_exponential_levels_are_those_of_k_diffusion(steps: int) -> None:
    theory = load("theory.npz")
    bounds = {"sigma_min": 0.01, "sigma_max": 80.0}
    for name, grid in (("karras", noise.karras), ("exponential", noise.exponential)):
        levels = grid(processes.edm(), steps=steps, **bounds)
        numpy.testing.assert_allclose(ratios(levels), theory[f"schedule/{name}/{steps}"], rtol=1e-12)


@pytest.mark.parametrize("case", cases("k_diffusion", "schedule"))
def test_every_sigma_table_of_k_diffusion_is_met(case: Case) -> None:
    kind, steps = case.id.split("_")[-2:]
    stored, asked = case.arrays["x_final"], {"steps": int(steps), "sigma_min": 0.01, "sigma_max": 80.0}
    edm = processes.edm()
    ours = {
        "karras": lambda: noise.karras(edm, **asked, rho=case.params["rho"]),
        "exponential": lambda: noise.exponential(edm, **asked),
        "polyexponential": lambda: noise.polyexponential(edm, **asked, rho=case.params["poly_rho"]),
        "vp": lambda: time.normal(processes.vp(beta_min=0.1, beta_max=20.0, t_min=1e-3), steps=int(steps)),
    }
    numpy.testing.assert_allclose(ratios(ours[kind]()), stored, rtol=1e-9)


@pytest.mark.parametrize("steps", [1, 5, 10, 23])
def test_log_snr_falls_by_the_same_amount_in_every_step(steps: int) -> None:
    levels = noise.log_snr(LINEAR, steps=steps)
    found = numpy.diff([level.log_snr for level in levels])
    assert levels.steps == steps
    numpy.testing.assert_allclose(found, found[0], rtol=1e-9)
    assert math.isclose(levels[steps].sigma, LINEAR.level(0).sigma, rel_tol=1e-12)


def test_align_your_steps_keeps_its_table_at_ten_steps_and_interpolates_elsewhere() -> None:
    ten = noise.align_your_steps(LINEAR, steps=10, end="sigma_min")
    numpy.testing.assert_allclose(ratios(ten), noise.TABLES["sd1"], rtol=1e-12)
    twenty = noise.align_your_steps(LINEAR, steps=20, end="sigma_min")
    numpy.testing.assert_allclose(ratios(twenty)[::2], noise.TABLES["sd1"], rtol=1e-12)


@pytest.mark.parametrize(
    ("x", "a", "b", "share"), [(0.5, 0.6, 0.6, 0.5), (0.3, 1.0, 1.0, 0.3), (0.25, 2.0, 1.0, 0.0625)]
)
def test_the_incomplete_beta_function_has_its_known_values(x: float, a: float, b: float, share: float) -> None:
    assert math.isclose(beta.incomplete(x, a, b), share, rel_tol=1e-12)
    assert math.isclose(beta.quantile(share, a, b), x, rel_tol=1e-12)


def test_the_incomplete_beta_function_of_one_half_is_the_arcsine_law() -> None:
    for x in (0.001, 0.2, 0.7, 0.999):
        assert math.isclose(beta.incomplete(x, 0.5, 0.5), 2 / math.pi * math.asin(math.sqrt(x)), rel_tol=1e-12)


def test_simple_levels_count_from_the_noisiest() -> None:
    assert times(time.simple(LINEAR, steps=4)) == [999, 749, 499, 249, -1]


def test_sgm_uniform_leaves_out_the_last_of_the_normal_levels() -> None:
    assert times(time.sgm_uniform(LINEAR, steps=4))[:-1] == times(time.normal(LINEAR, steps=4, end="sigma_min"))[:-1]


def test_explicit_levels_are_read_as_sigma_time_or_log_snr() -> None:
    by_time = cut.explicit(LINEAR, values=[900.0, 300.0, -1.0], of="time")
    by_sigma = cut.explicit(LINEAR, values=[*ratios(by_time)], of="sigma")
    numpy.testing.assert_allclose(times(by_sigma), times(by_time), rtol=1e-9)


def test_the_parts_of_a_grid_make_the_whole_again() -> None:
    whole = time.uniform(LINEAR, steps=10)
    assert cut.concatenate(cut.slice(whole, stop=6), cut.slice(whole, start=6)) == whole
    assert cut.reverse(cut.reverse(whole)) == whole
    assert cut.strength(whole, strength=0.6) == cut.slice(whole, start=4)
    assert cut.strength(whole, strength=1.0) == whole


GRIDS: list[Any] = [
    time.uniform,
    time.quadratic,
    time.normal,
    time.simple,
    time.sgm_uniform,
    noise.log_snr,
    noise.karras,
    noise.exponential,
    noise.polyexponential,
    noise.align_your_steps,
    beta.beta,
]


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize(
    "process", [LINEAR, processes.vp(), processes.sub_vp(), processes.ve(), processes.edm()], ids=repr
)
@given(steps=some.integers(1, 20))
def test_every_grid_has_the_steps_asked_for_and_falls_in_noise(grid: Any, process: ng.Process, steps: int) -> None:
    levels = grid(process, steps=steps)
    assert levels.steps == steps
    falling = [level.log_snr for level in levels]
    assert falling == sorted(set(falling))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: time.uniform(LINEAR, steps=1001),
        lambda: time.uniform(processes.cosine(T=10), steps=10, end="sigma_min"),
        lambda: time.simple(LINEAR, steps=1001),
        lambda: time.quadratic(LINEAR, steps=900),
        lambda: time.strided(LINEAR, sections="10,ten"),
        lambda: time.strided(LINEAR, sections="ddim999"),
        lambda: time.strided(LINEAR, sections="600,600"),
        lambda: time.strided(processes.edm()),
        lambda: noise.karras(LINEAR, sigma_min=3.0, sigma_max=1.0),
        lambda: noise.karras(processes.cosine(zero_snr=True)),
        lambda: cut.explicit(LINEAR, values=[1.0, 2.0]),
        lambda: cut.explicit(LINEAR, values=[1.0, -2.0]),
        lambda: cut.slice(time.uniform(LINEAR, steps=5), start=5),
        lambda: cut.concatenate(time.uniform(LINEAR), time.uniform(processes.cosine())),
    ],
)
def test_levels_that_cannot_be_are_refused_with_a_hint(wrong: Any) -> None:
    with pytest.raises(ng.NodeError) as caught:
        wrong()
    assert caught.value.hint
    json.dumps(str(caught.value))


def test_levels_that_rise_are_told_apart_from_levels_that_coincide() -> None:
    with pytest.raises(ng.NodeError, match=r"level 0 to level 1: sigma / alpha 1 \(t=1\), then .* 2 \(t=2\)") as rising:
        cut.explicit(ng.EDM(), values=[1.0, 2.0])
    assert "from noise to data" in str(rising.value.hint)
    with pytest.raises(ng.NodeError, match="does not fall") as crowded:
        time.quadratic(LINEAR, steps=900)
    assert crowded.value.hint == "take fewer steps"
