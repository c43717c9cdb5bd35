"""`sampler.sample` is a loop as data: planned without its values, seeded by image, checked, previewed and resumed."""

from __future__ import annotations

import math
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.loop import Later
from noisegraph.nodes import latent, sampler
from noisegraph.nodes.grids import cut, time
from noisegraph.nodes.guidance.schedule import interval, switch
from noisegraph.nodes.samplers import ddim, dpmpp, edm, unipc
from noisegraph.nodes.samplers import walk as walks
from noisegraph.testing.mixture import three_clusters

PROCESS = ng.DiscreteVP()
LEVELS = time.uniform(PROCESS, steps=20)
MODEL = three_clusters()


def drawn(seed: Any = 3, batch: int = 4, solver: ng.Sampler | None = None, levels: ng.Levels = LEVELS) -> torch.Tensor:
    """A batch of points."""
    noise = latent.noise(ng.Shape((2,)), seed=seed, batch=batch)
    return sampler.sample(solver or ddim.ddpm(), MODEL.denoiser(), noise, levels, seed=seed).run()


def test_an_image_of_a_batch_is_the_single_image_of_its_seed() -> None:
    together = drawn(seed=3, batch=4)
    for row in range(4):
        torch.testing.assert_close(drawn(seed=3 + row, batch=1)[0], together[row], rtol=0, atol=1e-5)
    torch.testing.assert_close(drawn(seed=[6, 3])[1], together[0], rtol=0, atol=1e-5)


def test_seeds_that_do_not_fit_the_batch_are_refused() -> None:
    loop = sampler.sample(ddim.ddpm(), MODEL.denoiser(), latent.noise(ng.Shape((2,)), batch=2), LEVELS, seed=[1, 2, 3])
    with pytest.raises(ng.NodeError, match="3 seeds for a batch of 2"):
        loop.start()


def test_planning_a_run_reads_no_value_that_is_not_there_yet() -> None:
    loop = sampler.sample(ddim.ddim(), Later(b"denoiser"), Later(b"noise"), LEVELS, seed=1)
    assert loop.total == 20
    assert Later(b"denoiser") in loop.reads(0)
    assert loop.begins[1] == Later(b"noise")


def readings(**changes: Any) -> list[tuple[Any, ...]]:
    """What every step depends on."""
    arguments = {"solver": ddim.ddim(), "denoiser": Later(b"d"), "levels": LEVELS, "seed": 1, **changes}
    solver = arguments.pop("solver")
    loop = sampler.sample(solver, arguments["denoiser"], Later(b"n"), arguments["levels"], seed=arguments["seed"])
    return [loop.reads(index)[1:] for index in range(loop.total)]


def shared(one: list[tuple[Any, ...]], other: list[tuple[Any, ...]]) -> int:
    """How many steps two runs have in common."""
    return next((index for index, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))


def test_a_prompt_that_changes_at_sixty_percent_shares_the_first_sixty_percent() -> None:
    one, other = (readings(denoiser=switch(Later(b"before"), Later(after), LEVELS)) for after in (b"x", b"y"))
    assert shared(one, other) == 12


def test_a_sampler_that_asks_ahead_shares_one_step_less() -> None:
    one, other = (
        readings(solver=edm.heun(), denoiser=switch(Later(b"before"), Later(after), LEVELS)) for after in (b"x", b"y")
    )
    assert shared(one, other) == 11


def test_guidance_in_a_window_shares_the_steps_before_it() -> None:
    top = LEVELS[8].ratio
    one, other = (readings(denoiser=interval(Later(guided), Later(b"p"), sigma_max=top)) for guided in (b"x", b"y"))
    assert shared(one, other) == 8


def test_seeds_count_only_where_steps_draw_noise() -> None:
    assert readings(seed=1) == readings(seed=2)
    noisy = ddim.ddpm()
    assert shared(readings(solver=noisy, seed=1), readings(solver=noisy, seed=2)) == 0


def test_equal_levels_of_different_processes_are_told_apart() -> None:
    there = ng.Levels(LEVELS.points, ng.DiscreteVP(steps=1001))
    assert shared(readings(), readings(levels=there)) == 0
    assert readings() == readings(levels=ng.Levels(LEVELS.points, ng.DiscreteVP()))


@pytest.mark.parametrize("solver", [ddim.ddim(), edm.heun()])
def test_a_denoiser_that_acts_at_no_level_of_a_step_is_not_read_by_it(solver: ng.Sampler) -> None:
    asked: list[str] = []

    def named(name: str) -> ng.Denoiser:
        def denoise(x: torch.Tensor, level: ng.Level) -> torch.Tensor:
            asked.append(name)
            return MODEL.denoise(x, level)

        return denoise

    before, after = named("before"), named("after")
    loop = sampler.sample(solver, switch(before, after, LEVELS), latent.noise(ng.Shape((2,))), LEVELS)
    state = loop.start()
    for index in range(loop.total):
        asked.clear()
        state = loop.step(state, index)
        read = {
            name for name, one in (("before", before), ("after", after)) if any(one is x for x in loop.reads(index))
        }
        assert set(asked) <= read


def test_steps_written_one_by_one_are_the_loop() -> None:
    noise = latent.noise(ng.Shape((2,)), seed=5, batch=2)
    taken = sampler.step(ddim.ddpm(), MODEL.denoiser(), LEVELS, noise, index=0, seed=5)
    for index in range(1, 20):
        taken = sampler.step(ddim.ddpm(), MODEL.denoiser(), LEVELS, before=taken, index=index, seed=5)
    assert torch.equal(taken.x, drawn(seed=5, batch=2))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: sampler.step(ddim.ddim(), MODEL.denoiser(), LEVELS, index=0),
        lambda: sampler.step(ddim.ddim(), MODEL.denoiser(), LEVELS, latent.noise(ng.Shape((2,))), index=20),
        lambda: sampler.sample(ddim.ddim(), MODEL.denoiser(), Later(b"n"), LEVELS[3:4]),
        lambda: sampler.sample(ddim.ddim(), MODEL.denoiser(), Later(b"n"), cut.reverse(LEVELS)),
        lambda: drawn(solver=edm.heun(), levels=time.uniform(ng.DiscreteVP(zero_snr=True), spacing="trailing")),
    ],
)
def test_calls_that_cannot_work_are_refused_with_a_hint(wrong: Any) -> None:
    with pytest.raises(ng.NodeError) as caught:
        wrong()
    assert caught.value.hint


def test_a_state_that_becomes_nan_is_told_with_its_step_and_level() -> None:
    def broken(x: torch.Tensor, level: ng.Level) -> torch.Tensor:
        return x / 0 if level.t == 500 else x

    loop = sampler.sample(ddim.ddim(), broken, latent.noise(ng.Shape((2,))), LEVELS)
    with pytest.raises(ng.NodeError, match=r"in step 10 of 20, from t=500 \(alpha .*\) to t=450"):
        loop.run()


def test_where_looking_costs_a_wait_nan_is_told_at_the_end_with_the_step_that_made_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(x: torch.Tensor, level: ng.Level) -> torch.Tensor:
        return x / 0 if level.t == 500 else x

    monkeypatch.setattr(walks, "free_to_look", lambda x: False)
    loop = sampler.sample(ddim.ddim(), broken, latent.noise(ng.Shape((2,))), LEVELS)
    state = loop.start()
    for index in range(loop.total):
        state = loop.step(state, index)
    with pytest.raises(ng.NodeError, match=r"in step 10 of 20, from t=500 \(alpha .*\) to t=450"):
        loop.finish(state)
    with pytest.raises(ng.NodeError, match=r"in step 10 of 20"):
        sampler.step(ddim.ddim(), broken, LEVELS, latent.noise(ng.Shape((2,))), index=9)
    whole = sampler.sample(ddim.ddim(), MODEL.denoiser(), latent.noise(ng.Shape((2,))), LEVELS)
    assert whole.run().isfinite().all()


@pytest.mark.parametrize("solver", [unipc.unipc(order=3), dpmpp.dpmpp_3m_sde()])
def test_a_stored_state_is_brought_onto_the_runs_device_whole_and_never_looked_at(
    solver: ng.Sampler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """torch's meta device stands for a GPU: it has no numbers that a step could wait for."""

    def halved(x: torch.Tensor, level: ng.Level) -> torch.Tensor:
        devices.append(x.device.type)
        return x / 2

    devices: list[str] = []
    loop = sampler.sample(solver, halved, latent.noise(ng.Shape((2,))), LEVELS)
    state = loop.start()
    for index in range(3):
        state = loop.step(state, index)
    monkeypatch.setattr(ng, "device", lambda: torch.device("meta"))
    for index in range(3, loop.total):
        state = loop.step(state, index)
        assert {part.device.type for part in state.state if isinstance(part, torch.Tensor)} == {"meta"}
    assert devices[:3] == ["cpu"] * 3
    assert {*devices[3:]} == {"meta"}


def test_a_preview_shows_the_data_predicted_last() -> None:
    def grey(x: torch.Tensor, level: ng.Level) -> torch.Tensor:
        return torch.full_like(x, 0.5)

    noise = latent.noise(ng.Shape((1, 4, 4)), batch=2)
    loop = sampler.sample(ddim.ddim(), grey, noise, LEVELS)
    state = loop.step(loop.start(), 0)
    assert loop.preview is not None
    shown = loop.preview(state)
    assert shown.shape == (2, 3, 4, 4)
    assert shown.unique().tolist() == [0.75]
    assert 0 <= loop.preview(loop.start()).min() <= loop.preview(loop.start()).max() <= 1


@pytest.mark.parametrize(
    ("channels", "shape"), [(1, (2, 3, 4, 4)), (2, (2, 3, 4, 4)), (3, (2, 3, 4, 4)), (16, (2, 3, 4, 4))]
)
def test_latents_of_any_number_of_channels_have_a_preview(channels: int, shape: tuple[int, ...]) -> None:
    noise = latent.noise(ng.Shape((channels, 4, 4)), batch=2)
    loop = sampler.sample(ddim.ddim(), lambda x, level: x, noise, LEVELS)
    assert loop.preview is not None
    assert loop.preview(loop.start()).shape == shape


def test_points_have_no_preview() -> None:
    loop = sampler.sample(ddim.ddim(), MODEL.denoiser(), latent.noise(ng.Shape((2,))), LEVELS)
    assert loop.preview is not None
    assert loop.preview(loop.start()) is None


def test_noise_begins_at_the_scale_of_its_process() -> None:
    unit = latent.noise(ng.Shape((2,)), seed=1, batch=3)
    edm_levels = time.uniform(ng.EDM(), spacing="linspace")
    torch.testing.assert_close(latent.noise(ng.Shape((2,)), edm_levels, seed=1, batch=3), unit * 80)
    assert torch.equal(latent.noise(ng.Shape((2,)), LEVELS, seed=1, batch=3), unit)
    assert torch.equal(latent.noise(unit, seed=1), unit)


def test_a_latent_is_brought_forward_to_the_first_level() -> None:
    data = torch.ones(2, 3)
    level = LEVELS[8]
    noise = latent.noise(data, seed=4)
    torch.testing.assert_close(latent.noised(data, LEVELS[8:], seed=4), level.alpha * data + level.sigma * noise)


def test_image_to_image_keeps_more_of_the_picture_at_less_strength() -> None:
    data = MODEL.sample(64, seed=1).float()

    def moved(strength: float) -> float:
        part = cut.strength(LEVELS, strength=strength)
        start = latent.noised(data, part, seed=1)
        return float((sampler.sample(ddim.ddim(), MODEL.denoiser(), start, part).run() - data).norm(dim=1).mean())

    distances = [moved(strength) for strength in (0.1, 0.3, 0.6, 1.0)]
    assert distances == sorted(distances)
    assert math.isclose(distances[0], 0, abs_tol=0.2)
