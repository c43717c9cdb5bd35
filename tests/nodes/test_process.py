"""Processes give the levels, the inverse and the SDE that their papers define."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import noisegraph as ng
import pytest
from noisegraph.nodes import process as nodes

from .golden import load, needs_golden

PROCESSES: list[Any] = [
    nodes.linear(),
    nodes.scaled_linear(),
    nodes.scaled_linear(zero_snr=True),
    nodes.cosine(),
    nodes.cosine(T=50),
    nodes.sigmoid(),
    nodes.vp(),
    nodes.sub_vp(),
    nodes.ve(),
    nodes.edm(),
    nodes.flow(),
    nodes.flow(shift=3.0),
]


def close(ours: float, theirs: float, tolerance: float = 1e-10) -> bool:
    return math.isclose(ours, float(theirs), rel_tol=tolerance, abs_tol=tolerance)


@needs_golden
@pytest.mark.parametrize("name", ["linear", "scaled_linear", "cosine", "sigmoid"])
def test_discrete_schedules_are_those_of_the_references(name: str) -> None:
    stored = load("theory.npz")[f"schedule/{name}/alphas_cumprod"]
    process = getattr(nodes, name)()
    assert all(close(process.level(t).alpha ** 2, stored[t], 1e-13) for t in range(1000))


@needs_golden
def test_the_zero_snr_rescaling_is_that_of_its_paper_and_ends_in_pure_noise() -> None:
    stored = load("theory.npz")["schedule/zero_terminal_snr_scaled_linear/alphas_cumprod"]
    process = nodes.scaled_linear(zero_snr=True)
    assert all(close(process.level(t).alpha ** 2, stored[t], 1e-12) for t in range(1000))
    assert process.level(999)[1:] == (0.0, 1.0)


@needs_golden
def test_continuous_vp_and_sub_vp_are_those_of_score_sde() -> None:
    theory = load("theory.npz")
    vp, sub = nodes.vp(), nodes.sub_vp()
    stored = {
        name: theory[f"schedule/cont_vp/{name}"] for name in ("t", "alpha", "sigma_vp", "sigma_subvp", "g2_subvp")
    }
    for index, t in enumerate(stored["t"].tolist()):
        assert close(vp.level(t).alpha, stored["alpha"][index])
        assert close(vp.level(t).sigma, stored["sigma_vp"][index])
        assert close(sub.level(t).sigma, stored["sigma_subvp"][index], 1e-9)
        assert close(sub.diffusion(t) ** 2, stored["g2_subvp"][index], 1e-9)


@needs_golden
def test_geometric_ve_is_that_of_score_sde() -> None:
    theory = load("theory.npz")
    process = nodes.ve()
    for index, t in enumerate(theory["schedule/ve_geometric/t"].tolist()):
        assert close(process.level(t).sigma, theory["schedule/ve_geometric/sigma"][index])
        assert close(process.diffusion(t), theory["schedule/ve_geometric/g"][index])


@pytest.mark.parametrize(
    ("shift", "t", "sigma"), [(1.0, 0.3, 0.3), (3.0, 0.5, 0.75), (3.0, 1.0, 1.0), (0.5, 0.5, 1 / 3)]
)
def test_the_shift_of_a_flow_moves_its_times_towards_noise(shift: float, t: float, sigma: float) -> None:
    level = nodes.flow(shift=shift).level(t)
    assert close(level.sigma, sigma)
    assert close(level.alpha, 1 - sigma)


def test_flows_are_shifted_by_the_size_of_the_picture() -> None:
    assert nodes.flow_by_area(ng.Shape((16, 64, 64))).shift == 1.0
    assert nodes.flow_by_area(ng.Shape((16, 128, 128))).shift == 2.0
    assert close(nodes.flow_by_length(ng.Shape((16, 32, 32))).shift, math.exp(0.5))
    assert close(nodes.flow_by_length(ng.Shape((16, 128, 128))).shift, math.exp(1.15))


def test_between_two_indices_log_snr_is_linear_in_time() -> None:
    process = nodes.cosine()
    below, above = process.level(400), process.level(401)
    assert close(process.level(400.25).log_snr, 0.75 * below.log_snr + 0.25 * above.log_snr)


def test_a_level_below_the_least_noise_is_asked_of_a_network_at_index_zero() -> None:
    process = nodes.linear()
    level = process.at_log_snr(process.level(0).log_snr + 3)
    assert level.t == 0
    assert close(level.alpha**2 + level.sigma**2, 1)
    assert level.sigma < process.level(0).sigma


@pytest.mark.parametrize("process", PROCESSES, ids=repr)
def test_clean_data_lies_at_infinite_log_snr(process: ng.Process) -> None:
    assert process.at_log_snr(math.inf)[1:] == (1.0, 0.0)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: ng.DiscreteVP(steps=1),
        lambda: nodes.linear(beta_start=0.5, beta_end=0.1),
        lambda: nodes.vp(beta_min=3.0, beta_max=1.0),
        lambda: nodes.vp(t_min=2.0),
        lambda: nodes.ve(sigma_min=3.0, sigma_max=1.0),
        lambda: nodes.edm(sigma_min=3.0, sigma_max=1.0),
        lambda: ng.Flow(shift=0.0),
        lambda: nodes.flow_by_area(ng.Shape((2,))),
        lambda: nodes.flow_by_length(ng.Shape((4, 8, 8)), least=9, most=9),
        lambda: nodes.linear().level(1000),
        lambda: nodes.linear().level(-2),
    ],
)
def test_processes_that_make_no_sense_are_refused_with_a_hint(wrong: Any) -> None:
    with pytest.raises(ng.NodeError) as caught:
        wrong()
    assert caught.value.hint


def test_processes_levels_and_samplers_are_made_without_torch() -> None:
    code = (
        "import sys; from noisegraph.nodes import guide, latent, levels, process, sampler; "
        "from noisegraph.nodes.grids.time import uniform; assert uniform(process.cosine(), steps=5).steps == 5; "
        "assert 'torch' not in sys.modules and 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
