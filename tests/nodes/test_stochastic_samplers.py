"""What the stochastic, adaptive and inverting samplers promise beyond the contract, and what they refuse."""

from __future__ import annotations

import math
from itertools import pairwise

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes.samplers.ancestral import euler_ancestral, split
from noisegraph.nodes.samplers.ddim import ddim
from noisegraph.nodes.samplers.in_time import heun_in_time
from noisegraph.nodes.samplers.inversion import ddim_inversion
from noisegraph.nodes.samplers.langevin import annealed_langevin
from noisegraph.nodes.samplers.lcm import lcm
from noisegraph.nodes.samplers.pndm import pndm
from noisegraph.nodes.samplers.restart import restart
from noisegraph.nodes.samplers.rk45 import rk45
from noisegraph.nodes.samplers.sde import euler_maruyama, predictor_corrector, reverse_diffusion
from noisegraph.testing.mixture import Mixture, three_clusters
from noisegraph.testing.trial import Asked, energy_distance, many, result

from .test_laws import even, noised

FAR_APART = Mixture.of([0.2, 0.8], [[3, 3], [-3, -3]], [[[0.25, 0], [0, 0.25]]] * 2)


def weight_of_the_lighter(x: torch.Tensor) -> float:
    return float((x.sum(1) > 0).double().mean())


@pytest.mark.slow
def test_annealed_langevin_gets_the_weights_of_far_modes_right_where_plain_langevin_does_not() -> None:
    process = ng.EDM(0.1, 10.0)
    start = torch.rand(2000, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 16 - 8
    annealed = ng.Levels((*(process.level(10 * 0.01 ** (k / 9)) for k in range(10)), process.level(0.0)), process)
    plain = ng.Levels((process.level(0.1), process.level(0.0)), process)
    found = {
        levels: many(annealed_langevin(updates=updates, rate=rate), FAR_APART.denoiser(), start, levels)
        for levels, updates, rate in ((annealed, 150, 0.1), (plain, 500, 1.0))
    }
    assert weight_of_the_lighter(found[annealed]) == pytest.approx(0.2, abs=0.03)
    assert weight_of_the_lighter(found[plain]) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("steps", [10, 20])
def test_ddim_without_noise_beats_it_with_noise_in_few_steps(steps: int) -> None:
    model, process = three_clusters(), ng.ContinuousVP()
    levels = even(steps, process)
    start = noised(model, levels[0], 2000)
    apart = [
        energy_distance(many(ddim(eta=eta), model.denoiser(), start, levels), model.sample(2000, seed=8))
        for eta in (0.0, 1.0)
    ]
    assert apart[0] < apart[1]


def test_euler_ancestral_is_ddim() -> None:
    model, levels = three_clusters(), even(12, ng.ContinuousVP())
    start = noised(model, levels[0], 4)
    for eta in (0.3, 1.0):
        ancestral = result(euler_ancestral(eta=eta), model.denoiser(), start, levels)
        torch.testing.assert_close(ancestral, result(ddim(eta=eta), model.denoiser(), start, levels))


def test_an_ancestral_step_goes_below_as_far_as_its_noise_leads_up() -> None:
    process = ng.EDM()
    below, up = split(process, process.level(10.0), process.level(4.0), eta=0.7)
    assert math.hypot(below.sigma, up) == pytest.approx(4.0)
    assert up == pytest.approx(0.7 * 4 * math.sqrt(10**2 - 4**2) / 10)


def test_inversion_and_ddim_lead_back_to_the_data() -> None:
    model, process = three_clusters(), ng.ContinuousVP()
    down = even(200, process)
    up = ng.Levels(down.points[::-1], process)
    data = model.sample(16, seed=9)
    for ask in ("here", "there"):
        noise = result(ddim_inversion(ask=ask), model.denoiser(), data, up)
        assert float((result(ddim(), model.denoiser(), noise, down) - data).abs().max()) < 0.05


def test_inversion_asking_here_cannot_begin_at_clean_data() -> None:
    process = ng.ContinuousVP()
    up = ng.Levels((process.level(0.0), process.level(0.5)), process)
    data = three_clusters().sample(2)
    with pytest.raises(ng.NodeError, match="no noise to predict"):
        result(ddim_inversion(ask="here"), three_clusters().denoiser(), data, up)
    assert bool(result(ddim_inversion(), three_clusters().denoiser(), data, up).isfinite().all())


def test_rk45_carries_its_width_over_the_levels() -> None:
    model, process = three_clusters(), ng.ContinuousVP()
    levels, calls = even(20, process), []
    start = noised(model, levels[0], 4)
    for grid in (levels, ng.Levels((levels[0], levels[20]), process)):
        asked = Asked(model.denoiser())
        found = result(rk45(rtol=1e-6, atol=1e-6), asked, start, grid)
        assert float((found - model.flow(start, levels[0], levels[20])).abs().max()) < 1e-4
        calls.append(len(asked.levels))
    assert calls[0] < 1.6 * calls[1]


def test_rk45_says_that_a_tolerance_is_out_of_reach() -> None:
    model, process = three_clusters(), ng.ContinuousVP()
    levels = even(1, process)

    def broken(x: torch.Tensor, level: ng.Level) -> torch.Tensor:
        return x * math.nan if level.ratio < 1 else model.denoise(x, level)

    with pytest.raises(ng.NodeError, match="tolerance cannot be reached"):
        result(rk45(), broken, noised(model, levels[0], 2), levels)


def test_restart_goes_up_once_at_its_lower_level_and_as_often_as_told() -> None:
    model, levels = three_clusters(), even(12, ng.EDM())
    asked = Asked(model.denoiser())
    result(restart(low=0.05, high=2.0, times=3, steps=5), asked, noised(model, levels[0], 2), levels)
    ups = [(one, other) for one, other in zip(asked.levels, asked.levels[1:], strict=False) if other.sigma > one.sigma]
    assert len(ups) == 3
    assert all(other.sigma == pytest.approx(2.0) for _, other in ups)
    assert len({one.sigma for one, _ in ups}) == 1
    assert ups[0][0].sigma <= 0.05


def test_restart_is_algorithm_1_of_its_paper_written_out() -> None:
    """On levels of sigma, with the noise of the authors' code: one draw each time that it goes up."""
    model, low, high, steps = three_clusters(), 0.06, 1.5, 3
    sigmas = [80 * (0.002 / 80) ** (index / 9) for index in range(10)]
    place = next(index for index, sigma in enumerate(sigmas) if sigma <= low)
    levels = ng.Levels(tuple(ng.EDM().level(sigma) for sigma in (*sigmas, 0.0)), ng.EDM())
    x = start = noised(model, levels[0], 6)

    def heun(x: torch.Tensor, here: float, there: float) -> torch.Tensor:
        slope = (x - model.denoise(x, ng.EDM().level(here))) / here
        guess = x + (there - here) * slope
        if there == 0:
            return guess
        ahead = (guess - model.denoise(guess, ng.EDM().level(there))) / there
        return x + (there - here) * (slope + ahead) / 2

    for index, (here, there) in enumerate(pairwise((*sigmas, 0.0))):
        x = heun(x, here, there)
        for again in range(2 if index + 1 == place else 0):
            x = x + math.sqrt(high**2 - there**2) * 1.003 * ng.normal(range(6), x, "step", index, again)
            roots = [high ** (1 / 7) + part / steps * (there ** (1 / 7) - high ** (1 / 7)) for part in range(steps + 1)]
            for above, below in pairwise(root**7 for root in roots):
                x = heun(x, above, below)
    found = result(restart(low=low, high=high, times=2, steps=steps, noise=1.003), model.denoiser(), start, levels)
    torch.testing.assert_close(found, x, rtol=1e-9, atol=1e-9)


def test_restart_refuses_levels_the_wrong_way_round() -> None:
    with pytest.raises(ng.NodeError, match=r"from 0\.3 up to 0\.3"):
        restart(low=0.3, high=0.3)


REFUSING = {"pndm": pndm(), "restart": restart(), "rk45": rk45(), "euler_maruyama": euler_maruyama()}


@pytest.mark.parametrize("sampler", REFUSING.values(), ids=REFUSING)
def test_samplers_that_divide_by_alpha_say_so(sampler: ng.Sampler) -> None:
    process = ng.Flow()
    levels = ng.Levels(tuple(process.level(t) for t in (1.0, 0.8, 0.5, 0.2)), process)
    with pytest.raises(ng.NodeError, match="divides by alpha"):
        result(sampler, three_clusters().denoiser(), torch.ones(2, 2, dtype=torch.float64), levels)


@pytest.mark.slow
def test_more_steps_of_euler_maruyama_follow_the_same_brownian_path() -> None:
    model, process = three_clusters(), ng.ContinuousVP()
    start = noised(model, even(1, process)[0], 6)
    found = [result(euler_maruyama(), model.denoiser(), start, even(steps, process)) for steps in (50, 200, 800)]
    apart = [float((one - found[-1]).norm(dim=1).median()) for one in found[:2]]
    assert apart[1] < apart[0] < 0.5


def test_lcm_jumps_to_data_and_adds_noise_of_the_next_level() -> None:
    model, process = three_clusters(), ng.DiscreteVP()
    levels = ng.Levels((process.level(999.0), process.level(500.0)), process)
    found = many(lcm(), lambda x, level: torch.zeros_like(x), noised(model, levels[0], 4000), levels)
    assert found.std().item() == pytest.approx(levels[1].sigma, rel=0.05)


def test_the_correctors_step_stays_bounded_where_the_score_vanishes() -> None:
    process = ng.EDM()
    levels = ng.Levels((process.level(1.0), process.level(0.5)), process)
    x = torch.zeros(2, 3, dtype=torch.float64)
    still = predictor_corrector(predictor="none", corrections=5)
    found = result(still, lambda x, level: x, x, levels)
    assert float(found.abs().max()) < 5


def test_score_sdes_transitions_want_more_steps_than_beta() -> None:
    levels = even(10, ng.ContinuousVP())
    with pytest.raises(ng.NodeError, match=r"beta is 1\.78 in 10 steps"):
        result(reverse_diffusion(reference="score_sde"), three_clusters().denoiser(), torch.ones(2, 2), levels)


def test_heun_in_time_begins_where_no_signal_is_left() -> None:
    model, process = three_clusters(), ng.Flow()
    levels = ng.Levels(tuple(process.level(1 - k / 40) for k in range(41)), process)
    start = noised(model, levels[0], 2000)
    found = many(heun_in_time(), model.denoiser(), start, levels)
    assert energy_distance(found, model.sample(2000, seed=10)) < 0.01
