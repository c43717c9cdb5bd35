"""Likelihoods as loops: bounds that bound, estimates that converge, steps that resume; and what is refused."""

from __future__ import annotations

import math
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes.grids.noise import karras
from noisegraph.nodes.likelihood import bound, flow
from noisegraph.nodes.likelihoods.decoder import log_probability_of_pixels
from noisegraph.nodes.likelihoods.trace import traced
from noisegraph.testing.mixture import Mixture, three_clusters
from torch import Tensor

from .golden import load, mixture, needs_golden

LINEAR = ng.DiscreteVP("linear")


def leading(steps: int) -> ng.Levels:
    points = [LINEAR.level(t) for t in reversed(range(0, 1000, 1000 // steps))]
    return ng.Levels((*points, LINEAR.level(-1)), LINEAR)


@needs_golden
@pytest.mark.parametrize("steps", [10, pytest.param(50, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("variance", "name"), [("large", "guided FIXED_LARGE (t=0 uses betatilde_1)"), ("small", "betatilde(t>=1)")]
)
def test_the_bound_of_a_gaussian_is_the_one_in_closed_form(steps: int, variance: Any, name: str) -> None:
    figures = load("figures.json")["gaussian_vlb"][f"S{steps}"]
    exact = next(value for key, value in figures.items() if key.startswith(name))
    model = mixture("G2")
    data = ng.Latent(model.sample(5_000, seed=1))
    found = bound(model.denoiser(), data, leading(steps), variance=variance, decoder="density", unit="nats").run()
    inner = found.terms[:, :-1].sum(1)
    for ours, key in ((found.total, "total_nats"), (inner, "sum_L_1_to_Tm1"), (found.terms[:, -1], "L_0")):
        error = float(ours.std()) / len(data) ** 0.5
        assert abs(float(ours.mean()) - exact[key]) < 4 * error, key
    assert abs(float(found.prior.mean()) - exact["L_T"]) < 0.05 * exact["L_T"]


def test_the_bound_lies_above_the_negative_log_likelihood() -> None:
    model = three_clusters()
    data = ng.Latent(model.sample(2000, seed=2))
    found = bound(model.denoiser(), data, leading(10), variance="large", decoder="density", unit="nats").run()
    gap = found.total + model.log_density(data)
    assert float(gap.mean()) > 4 * float(gap.std()) / len(gap) ** 0.5
    assert float(gap.mean()) < 1.0


def test_bits_are_a_dimensions_share_of_the_nats() -> None:
    model, grid = three_clusters(), leading(10)
    data = ng.Latent(model.sample(4, seed=2))
    bits, nats = (bound(model.denoiser(), data, grid, unit=unit).run() for unit in ("bits", "nats"))
    torch.testing.assert_close(bits.total * 2 * math.log(2), nats.total)
    torch.testing.assert_close(bits.total, bits.prior + bits.terms.sum(1))


def test_the_masses_of_all_pixels_sum_to_one() -> None:
    pixels = (torch.arange(256, dtype=torch.float64) / 127.5 - 1)[:, None]
    for mean, deviation in ((0.1, 0.02), (-1.0, 0.3), (0.99, 1.0)):
        mass = log_probability_of_pixels(pixels, pixels * 0 + mean, pixels * 0 + 2 * math.log(deviation)).exp()
        assert abs(float(mass.sum()) - 1) < 1e-9


def test_the_trace_is_exact_and_its_estimate_is_right_in_the_mean() -> None:
    model, level = three_clusters(), ng.Level(0.5, 0.8, 0.6)
    x = model.sample(3, seed=4)
    _, exact = traced(model.denoiser(), x, level, None)
    numeric = torch.zeros(3, dtype=torch.float64)
    for axis in torch.eye(2, dtype=torch.float64):
        numeric += ((model.denoise(x + 1e-5 * axis, level) - model.denoise(x - 1e-5 * axis, level)) @ axis) / 2e-5
    torch.testing.assert_close(exact, numeric, rtol=1e-7, atol=1e-7)
    corners = torch.tensor([[1.0, 1.0], [1.0, -1.0]], dtype=torch.float64)[:, None].expand(2, 3, 2)
    torch.testing.assert_close(traced(model.denoiser(), x, level, corners)[1], exact)


def test_many_probes_come_near_the_exact_likelihood() -> None:
    model, process = three_clusters(), ng.EDM(0.01, 1000.0)
    data = ng.Latent(model.sample(3, seed=4))
    options: dict[str, Any] = {"rtol": 1e-3, "atol": 1e-3}
    exact = flow(model.denoiser(), data, process, **options).run().log_density
    several = flow(model.denoiser(), data, process, trace="hutchinson", probes=8, seed=1, **options).run()
    one = flow(model.denoiser(), data, process, trace="hutchinson", probes=1, seed=1, **options).run()
    assert (several.log_density - exact).abs().mean() < (one.log_density - exact).abs().mean()
    assert (several.log_density - exact).abs().max() < 1.0


PROCESSES: list[ng.Process] = [
    LINEAR,
    ng.ContinuousVP(0.1, 30.0, 1e-3),
    ng.SubVP(0.1, 30.0, 1e-2),
    ng.GeometricVE(0.01, 2000.0, 1e-5),
    ng.EDM(0.01, 2000.0),
    ng.Flow(1.0, 1e-2),
]


@pytest.mark.parametrize("process", PROCESSES, ids=lambda process: type(process).__name__)
def test_every_process_gives_the_density_of_its_least_noisy_level(process: ng.Process) -> None:
    model, level = three_clusters(), process.level(process.t_min)
    clean = model.sample(4, seed=5)
    data = ng.Latent(ng.noised(clean, ng.normal(range(4), clean, "test"), level))
    found = flow(model.denoiser(), data, process, rtol=1e-6, atol=1e-6).run()
    torch.testing.assert_close(found.log_density, model.log_density(data, level), rtol=0, atol=2e-2)


def test_steps_resume_bit_by_bit() -> None:
    model = three_clusters()
    data = ng.Latent(model.sample(3, seed=6))
    loops: list[ng.Loop[Any]] = [
        bound(model.denoiser(), data, leading(10), seed=3),
        flow(model.denoiser(), data, ng.EDM(0.01, 80.0), trace="hutchinson", rtol=1e-3, atol=1e-3),
    ]
    for loop in loops:
        whole, again = loop.start(), loop.start()
        for index in range(loop.total):
            whole = loop.step(whole, index)
        for index in range(loop.total):
            again = loop.step(type(again)(*again), index)
        assert all(torch.equal(a, b) for a, b in zip(whole, again, strict=True) if isinstance(a, Tensor))


def test_levels_that_stop_before_clean_data_are_refused() -> None:
    model = three_clusters()
    with pytest.raises(ng.NodeError, match="do not reach clean data"):
        bound(model.denoiser(), ng.Latent(model.sample(2)), leading(10)[:-1])


def test_the_bound_of_a_process_that_does_not_preserve_the_variance_is_refused() -> None:
    model, levels = three_clusters(), karras(ng.EDM(), steps=5)
    with pytest.raises(ng.NodeError, match="does not preserve the variance") as caught:
        bound(model.denoiser(), ng.Latent(model.sample(2)), levels)
    assert "likelihood.flow" in str(caught.value.hint)


def test_learned_variance_is_wanted_only_where_there_is_one() -> None:
    model: Mixture = three_clusters()
    with pytest.raises(ng.NodeError, match="no learned variance"):
        bound(model.denoiser(), ng.Latent(model.sample(2)), leading(10), variance="learned").run()
