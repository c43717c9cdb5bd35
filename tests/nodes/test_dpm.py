"""DPM-Solver and its siblings where the golden walks do not go: refusals, silent ends, and one path for any steps."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache, reduce

import noisegraph as ng
import numpy
import pytest
import torch
from noisegraph.nodes.samplers.ddim import ddim
from noisegraph.nodes.samplers.dpm_adaptive import dpm_adaptive
from noisegraph.nodes.samplers.dpm_fast import dpm_fast
from noisegraph.nodes.samplers.dpm_multistep import dpm_multistep
from noisegraph.nodes.samplers.dpm_singlestep import dpm_singlestep, fast_orders
from noisegraph.nodes.samplers.dpmpp import dpmpp_2m, dpmpp_2m_sde, dpmpp_3m, dpmpp_3m_sde
from noisegraph.nodes.samplers.dpmpp_sde import dpmpp_sde
from noisegraph.nodes.samplers.exponential import Prediction, phi
from noisegraph.nodes.samplers.unipc import unipc
from noisegraph.nodes.samplers.walk import walk
from noisegraph.testing.mixture import three_clusters
from noisegraph.testing.trial import result

PROCESS = ng.ContinuousVP()
BLIND = ng.Level(2.0, 0.0, 1.0)
"""A level without any signal, as zero-terminal-SNR schedules begin at."""


def levels(steps: int, *, clean: bool = False, blind: bool = False) -> ng.Levels:
    low, high = (PROCESS.level(t).log_snr for t in (1.0, 1e-3))
    points = [PROCESS.at_log_snr(low + (high - low) * k / steps) for k in range(steps + 1)]
    end = [PROCESS.at_log_snr(math.inf)] if clean else []
    return ng.Levels((*([BLIND] if blind else []), *points, *end), PROCESS)


def start(count: int = 4) -> torch.Tensor:
    return ng.normal(range(count), torch.zeros(count, 2, dtype=torch.float64), "start")


@cache
def exact() -> torch.Tensor:
    """Where the exact flow leads, from the first to the last level of any grid here."""
    grid = levels(1)
    return three_clusters().flow(start(), grid[0], grid[1])


def run(sampler: ng.Sampler, grid: ng.Levels, seeds: Sequence[int] = ()) -> torch.Tensor:
    return result(sampler, three_clusters().denoiser(), start(), grid, seeds)


EVERY_FORM: dict[str, Callable[[Prediction], ng.Sampler]] = {
    "multistep-1": lambda form: dpm_multistep(order=1, prediction=form),
    "multistep-2": lambda form: dpm_multistep(order=2, prediction=form),
    "multistep-3": lambda form: dpm_multistep(order=3, prediction=form),
    "singlestep-2": lambda form: dpm_singlestep(order=2, prediction=form),
    "singlestep-3": lambda form: dpm_singlestep(order=3, prediction=form, solver="heun"),
    "fast": lambda form: dpm_fast(prediction=form),
    "adaptive": lambda form: dpm_adaptive(prediction=form, first_step=1.0),
    "unipc": lambda form: unipc(order=3, prediction=form),
}


@pytest.mark.parametrize("name", EVERY_FORM)
def test_data_that_are_one_point_are_reached_exactly_in_any_number_of_steps(name: str) -> None:
    grid, point = levels(12), torch.tensor([[0.3, -2.0]], dtype=torch.float64)
    found = result(EVERY_FORM[name]("x0"), lambda x, level: point.expand_as(x), start(), grid)
    begin, end = grid[0], grid[-1]
    assert torch.allclose(found, end.alpha * point + end.sigma / begin.sigma * (start() - begin.alpha * point))


@pytest.mark.parametrize("name", EVERY_FORM)
def test_noise_that_is_known_is_taken_out_exactly_in_any_number_of_steps(name: str) -> None:
    grid, noise = levels(12), torch.tensor([[0.3, -2.0]], dtype=torch.float64)
    found = result(EVERY_FORM[name]("eps"), lambda x, level: (x - level.sigma * noise) / level.alpha, start(), grid)
    begin, end = grid[0], grid[-1]
    clean = (start() - begin.sigma * noise) / begin.alpha
    assert torch.allclose(found, end.alpha * clean + end.sigma * noise)


@pytest.mark.parametrize("form", ["x0", "eps"])
def test_the_first_order_is_ddim(form: Prediction) -> None:
    assert torch.allclose(run(dpm_multistep(order=1, prediction=form), levels(9)), run(ddim(), levels(9)), atol=1e-12)


@pytest.mark.parametrize("sampler", [dpmpp_2m(), dpm_fast(order=2), unipc()], ids=["dpmpp_2m", "dpm_fast", "unipc"])
def test_ten_evaluations_come_nearer_to_the_flow_than_ten_of_ddim(sampler: ng.Sampler) -> None:
    grid = levels(10)
    ours, ddims = (float((run(one, grid) - exact()).norm(dim=1).mean()) for one in (sampler, ddim()))
    assert ours < 0.7 * ddims


def test_an_adaptive_walk_says_where_the_denoiser_failed() -> None:
    def broken(x: torch.Tensor, level: ng.Level) -> torch.Tensor:
        return x * math.nan if level.t < 0.5 else three_clusters().denoise(x, level)

    loop = walk(dpm_adaptive(), broken, ng.Latent(start()), levels(100), seed=0)
    with pytest.raises(ng.NodeError, match="NaN or infinite in step"):
        reduce(loop.step, range(100), loop.start())


@pytest.mark.parametrize(
    ("evaluations", "order", "orders"),
    [(9, 3, (3, 3, 2, 1)), (10, 3, (3, 3, 3, 1)), (11, 3, (3, 3, 3, 2)), (7, 2, (2, 2, 2, 1)), (3, 1, (1, 1, 1))],
)
def test_evaluations_are_spent_as_in_the_paper(evaluations: int, order: int, orders: tuple[int, ...]) -> None:
    assert fast_orders(evaluations, order) == orders


def test_evaluations_that_do_not_fit_the_levels_are_told() -> None:
    with pytest.raises(ng.NodeError, match="10 evaluations are spent in 4 steps of order 3 or less, not in 5"):
        run(dpm_singlestep(evaluations=10), levels(5))


def test_a_fixed_schedule_wants_a_multiple_of_the_order() -> None:
    with pytest.raises(ng.NodeError, match="10 evaluations do not make steps of order 3"):
        run(dpm_fast(order=3, schedule="fixed"), levels(10))


def test_an_adaptive_walk_that_does_not_arrive_is_told() -> None:
    with pytest.raises(ng.NodeError, match="not reached in 5 attempts"):
        run(dpm_adaptive(), levels(5))


def test_an_adaptive_walk_cannot_begin_one_step_from_clean_data() -> None:
    with pytest.raises(ng.NodeError, match="cannot end at clean data in one step"):
        run(dpm_adaptive(), levels(40, clean=True)[-2:])


@pytest.mark.parametrize(
    "sampler",
    [
        dpm_multistep(prediction="eps"),
        dpm_fast(prediction="eps"),
        dpm_fast(),
        dpm_singlestep(),
        dpm_adaptive(),
        dpmpp_sde(),
        unipc(prediction="eps"),
    ],
)
def test_a_method_that_divides_by_alpha_refuses_a_level_without_signal(sampler: ng.Sampler) -> None:
    with pytest.raises(ng.NodeError, match="divides by alpha, which is 0"):
        run(sampler, levels(12, blind=True))


@pytest.mark.parametrize("sampler", [dpmpp_3m(), dpmpp_3m_sde(), unipc(order=3), unipc(order=3, variant="b1")])
def test_a_method_on_data_begins_without_signal(sampler: ng.Sampler) -> None:
    blind, sighted = run(sampler, levels(30, blind=True)), run(sampler, levels(30))
    assert blind.isfinite().all()
    assert float((blind - blind.mean(0)).abs().max()) < 10 * float((sighted - sighted.mean(0)).abs().max())


@pytest.mark.parametrize("order", [2, 3])
def test_an_adaptive_walk_is_as_near_to_the_flow_as_it_is_told(order: int) -> None:
    grid = levels(400)
    loose, tight = (
        float((run(dpm_adaptive(order=order, atol=tolerance, rtol=tolerance), grid) - exact()).abs().max())
        for tolerance in (1e-2, 1e-4)
    )
    assert tight < loose / 5
    assert tight < 5e-3


def test_an_adaptive_walk_ends_at_clean_data_by_one_step_more() -> None:
    found = run(dpm_adaptive(atol=1e-4, rtol=1e-4), levels(400, clean=True))
    nearly = run(dpm_adaptive(atol=1e-4, rtol=1e-4), levels(400))
    end = levels(400)[-1]
    assert torch.equal(found, three_clusters().denoise(nearly, end))


def test_an_adaptive_loop_stops_when_it_has_arrived() -> None:
    grid = levels(400)
    loop = walk(dpm_adaptive(), three_clusters().denoiser(), ng.Latent(start()), grid, seed=0)
    state, taken = loop.start(), 0
    assert loop.done is not None
    while not loop.done(state):
        state, taken = loop.step(state, taken), taken + 1
    assert 10 < taken < 60
    assert float((loop.finish(state) - exact()).abs().max()) < 0.2


@cache
def path(seed: int) -> torch.Tensor:
    """Where the SDE leads, in many steps, along the Brownian paths of four seeds."""
    return run(dpmpp_3m_sde(), levels(960), range(seed, seed + 4))


@pytest.mark.slow
@pytest.mark.parametrize(
    "sampler", [dpmpp_2m_sde(), dpmpp_3m_sde(), dpmpp_sde(), dpm_fast(eta=1.0)], ids=["2m", "3m", "sde", "fast"]
)
def test_the_same_brownian_path_drives_the_sde_at_any_number_of_steps(sampler: ng.Sampler) -> None:
    coarse, fine = (float((run(sampler, levels(steps), range(4)) - path(0)).norm(dim=1).mean()) for steps in (60, 240))
    assert fine < coarse / 1.5
    assert fine < float((path(10) - path(0)).norm(dim=1).mean()) / 5


@pytest.mark.slow
def test_noise_on_the_predicted_noise_shares_its_path_too() -> None:
    sampler = dpm_multistep(prediction="eps", eta=1.0)
    coarse, middle, fine = (run(sampler, levels(steps), range(4)) for steps in (60, 240, 960))
    assert float((middle - fine).norm(dim=1).mean()) < float((coarse - fine).norm(dim=1).mean()) / 2


def test_lower_orders_end_short_walks_only() -> None:
    short, long = levels(10), levels(20)
    assert not torch.equal(run(dpmpp_3m(), short), run(dpmpp_3m(lower_order_final=0), short))
    assert torch.equal(run(dpmpp_3m(), long), run(dpmpp_3m(lower_order_final=0), long))


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("z", [-8.0, -0.3000001, -0.2999999, -1e-3, 1e-7, -1e-12, 0.04, 3.0])
def test_the_weights_of_the_exponential_integrals_keep_their_digits(z: float, order: int) -> None:
    """phi_k is z times the integral of e^(z (1 - u)) u^(k - 1) / (k - 1)! over 0 ... 1."""
    nodes, weights = numpy.polynomial.legendre.leggauss(40)
    u = (nodes + 1) / 2
    integral = float((weights / 2 * numpy.exp(z * (1 - u)) * u ** (order - 1)).sum()) / math.factorial(order - 1)
    assert phi(z, order) == pytest.approx(z * integral, rel=1e-10)
