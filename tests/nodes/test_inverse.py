"""A solver taken backwards finds the noise that it would draw the data from, at the solver's own order."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes.grids.cut import reverse
from noisegraph.nodes.grids.noise import log_snr
from noisegraph.nodes.samplers.ddim import ddim
from noisegraph.nodes.samplers.deis import deis
from noisegraph.nodes.samplers.dpm_adaptive import dpm_adaptive
from noisegraph.nodes.samplers.dpm_singlestep import dpm_singlestep
from noisegraph.nodes.samplers.dpmpp import dpmpp_2m, dpmpp_2m_sde
from noisegraph.nodes.samplers.edm import heun
from noisegraph.nodes.samplers.inversion import ddim_inversion, inverse
from noisegraph.nodes.samplers.lms import lms
from noisegraph.nodes.samplers.unipc import unipc
from noisegraph.nodes.samplers.walk import walk
from noisegraph.testing.mixture import three_clusters
from noisegraph.testing.order import measured_order
from noisegraph.testing.samplers import SamplerContract
from noisegraph.testing.trial import result

SOLVERS: dict[str, tuple[float, Callable[[], ng.Sampler]]] = {
    "ddim": (1, ddim),
    "heun": (2, heun),
    "dpm-solver-3": (3, lambda: dpm_singlestep(order=3, prediction="eps")),
    "dpm-solver++ 2m": (2, dpmpp_2m),
    "unipc": (3, lambda: unipc(lower_order_final=0)),
    "lms": (3, lambda: lms(order=3)),
    "deis": (3, lambda: deis(order=2)),
}


def rising(steps: int) -> ng.Levels:
    return reverse(log_snr(ng.ContinuousVP(), steps=steps, end="sigma_min"))


class TestDPMSolverTakenBackwards(SamplerContract):
    sampler = inverse(dpmpp_2m())
    order = 2


@cache
def climbed() -> tuple[torch.Tensor, torch.Tensor]:
    """Points of the mixture at its least noisy level, and where the exact flow takes them."""
    here, there = rising(1)
    start = here.alpha * three_clusters().sample(8, seed=1)
    return start, three_clusters().flow(start, here, there, steps=2000)


@pytest.mark.parametrize("name", SOLVERS)
def test_it_climbs_to_the_noise_of_the_exact_flow_at_the_solvers_order(name: str) -> None:
    order, solver = SOLVERS[name]
    start, exact = climbed()

    def error(steps: int) -> float:
        found = result(inverse(solver()), three_clusters().denoiser(), start, rising(steps))
        return float((found - exact).norm(dim=1).mean())

    found = measured_order(error, (80, 160, 320) if order < 3 else (160, 320, 640))
    assert found.order == pytest.approx(order, abs=0.2), str(found)


@pytest.mark.parametrize("name", SOLVERS)
def test_what_is_inverted_and_drawn_again_is_the_data(name: str) -> None:
    _, solver = SOLVERS[name]
    model, start, up = three_clusters(), three_clusters().sample(8, seed=1), rising(200)
    noise = result(inverse(solver()), model.denoiser(), start, up)
    again = result(solver(), model.denoiser(), noise, reverse(up))
    assert float((again - start).abs().max()) < (0.1 if name == "ddim" else 4e-3)


def test_eulers_inverse_is_that_of_ddim_which_asks_where_it_is() -> None:
    start = three_clusters().sample(8, seed=1)
    one, other = (result(s, three_clusters().denoiser(), start, rising(20)) for s in (inverse(ddim()), EULER))
    torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)


EULER = ddim_inversion(ask="here")


def test_the_engine_walks_it_up_and_refuses_to_walk_it_down() -> None:
    up, start = rising(5), ng.Latent(torch.zeros(1, 2))
    walk(inverse(dpmpp_2m()), three_clusters().denoiser(), start, up, 0)
    with pytest.raises(ng.NodeError, match="the noise does not rise in step 1"):
        walk(inverse(dpmpp_2m()), three_clusters().denoiser(), start, reverse(up), 0)


@pytest.mark.parametrize("sampler", [dpmpp_2m_sde(), dpm_adaptive(), ddim_inversion()])
def test_samplers_that_cannot_be_taken_backwards_are_refused(sampler: ng.Sampler) -> None:
    with pytest.raises(ng.NodeError, match="only a solver that draws no noise") as caught:
        inverse(sampler)
    assert caught.value.hint


def test_clean_data_are_no_place_to_begin() -> None:
    levels = reverse(log_snr(ng.ContinuousVP(), steps=4, end="data"))
    with pytest.raises(ng.NodeError, match="no noise to predict in clean data"):
        result(inverse(dpmpp_2m()), three_clusters().denoiser(), torch.zeros(1, 2), levels)
