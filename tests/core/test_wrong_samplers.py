"""The contract of samplers catches samplers that are wrong, and says what is wrong with them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import noisegraph as ng
import pytest
import torch
from noisegraph.testing.samplers import SamplerContract

from .caught import caught

torch.set_num_threads(1)


class Position(NamedTuple):
    """x alone."""

    x: torch.Tensor


class Slot(NamedTuple):
    """x and something that cannot be stored."""

    x: torch.Tensor
    memory: Any = None


def euler(denoiser: ng.Denoiser, x: torch.Tensor, step: ng.Step, slope: float = 1.0) -> torch.Tensor:
    """Euler's step, its slope multiplied."""
    here, there = step.here, step.there
    y = x / here.alpha
    y = y + slope * (there.ratio - here.ratio) / here.ratio * (y - denoiser(x, here))
    return there.alpha * y


def right(denoiser: ng.Denoiser, state: Position, step: ng.Step) -> Position:
    return Position(euler(denoiser, state.x, step))


def in_place(denoiser: ng.Denoiser, state: Position, step: ng.Step) -> Position:
    return Position(state.x.copy_(euler(denoiser, state.x, step)))


def answer_in_place(denoiser: ng.Denoiser, state: Position, step: ng.Step) -> Position:
    shrink = step.there.sigma / step.here.sigma
    moved = denoiser(state.x, step.here).mul_(step.there.alpha - shrink * step.here.alpha)
    return Position(moved + shrink * state.x)


def global_noise(denoiser: ng.Denoiser, state: Position, step: ng.Step) -> Position:
    return Position(euler(denoiser, state.x, step) + 0.01 * torch.randn_like(state.x))


def dtype_leak(denoiser: ng.Denoiser, state: Position, step: ng.Step) -> Position:
    return Position(euler(denoiser, state.x, step) * torch.ones(1, dtype=torch.float64))


def nine_tenths(denoiser: ng.Denoiser, state: Position, step: ng.Step) -> Position:
    return Position(euler(denoiser, state.x, step, slope=0.9))


def asks_twice(denoiser: ng.Denoiser, state: Position, step: ng.Step) -> Position:
    denoiser(state.x, step.here)
    return Position(euler(denoiser, state.x, step))


def asks_there(denoiser: ng.Denoiser, state: Position, step: ng.Step) -> Position:
    denoiser(state.x, step.there)
    return Position(euler(denoiser, state.x, step))


def mixes_batch(denoiser: ng.Denoiser, state: Position, step: ng.Step) -> Position:
    x = euler(denoiser, state.x, step)
    return Position(x - 0.01 * x.mean(0, keepdim=True))


def reads_ahead(denoiser: ng.Denoiser, state: Position, step: ng.Step) -> Position:
    last = step.levels[step.total]
    return Position(euler(denoiser, state.x, step) * (1 + 1e-12 * last.sigma))


def draws_unsaid(denoiser: ng.Denoiser, state: Position, step: ng.Step) -> Position:
    return Position(euler(denoiser, state.x, step) + 0.001 * step.there.sigma * step.noise())


def closure(denoiser: ng.Denoiser, state: Slot, step: ng.Step) -> Slot:
    return Slot(euler(denoiser, state.x, step), lambda: step)


def too_much_noise(denoiser: ng.Denoiser, state: Position, step: ng.Step) -> Position:
    """DDPM whose noise has the standard deviation beta in place of its root."""
    here, there = step.here, step.there
    x0 = denoiser(state.x, here)
    beta = here.sigma**2 - (here.alpha / there.alpha * there.sigma) ** 2
    mean = there.alpha * beta / here.sigma**2 * x0 + here.alpha / there.alpha * there.sigma**2 / here.sigma**2 * state.x
    return Position(mean + 3 * math.sqrt(beta) * there.sigma / here.sigma * step.noise())


def nan_at_data(denoiser: ng.Denoiser, state: Position, step: ng.Step) -> Position:
    log = math.log(step.there.sigma) if step.there.sigma > 0 else math.nan
    return Position(euler(denoiser, state.x, step) + 0 * log)


def looks(denoiser: ng.Denoiser, state: Position, step: ng.Step) -> Position:
    return Position(euler(denoiser, state.x, step) * (1.0 if state.x.abs().max() > 0 else 0.0))


def makes_numbers(denoiser: ng.Denoiser, state: Position, step: ng.Step) -> Position:
    return Position(euler(denoiser, state.x, step) * torch.tensor([1.0], device=state.x.device))


def brings_numbers(denoiser: ng.Denoiser, state: Position, step: ng.Step) -> Position:
    return Position(euler(denoiser, state.x, step) * torch.ones(2).to(state.x).mean())


def with_hidden_history() -> ng.Sampler:
    """Adams-Bashforth of order 2 that keeps the last slope outside of its state."""
    before: list[torch.Tensor] = []

    def step(denoiser: ng.Denoiser, state: Position, step: ng.Step) -> Position:
        here, there = step.here, step.there
        slope = (state.x / here.alpha - denoiser(state.x, here)) / here.ratio
        blended = 1.5 * slope - 0.5 * before[-1] if before else slope
        before.append(slope)
        return Position(there.alpha * (state.x / here.alpha + (there.ratio - here.ratio) * blended))

    return ng.Sampler(Position, step, noisy=False)


def test_a_right_sampler_passes_every_test() -> None:
    class Right(SamplerContract):
        sampler = ng.Sampler(Position, right, noisy=False, asks=ng.asks_here)
        order = 1

    assert caught(Right) == {}


Wrong = tuple[Callable[..., Any], str, str]

WRONG: list[Wrong] = [
    (in_place, "a_step_changes_nothing_in_place", "changed the state that it was handed"),
    (answer_in_place, "a_step_changes_nothing_in_place", "gave back"),
    (global_noise, "the_seed_alone_decides", "global random state"),
    (dtype_leak, "dtype_and_shape_stay_those_of_the_state", "float64"),
    (nine_tenths, "it_reaches_the_order_that_its_author_claims", "it claims order 1; measured"),
    (asks_twice, "a_step_asks_the_denoiser_as_often_and_where_it_says", "2 times, not 1"),
    (mixes_batch, "an_image_does_not_depend_on_the_batch_it_is_in", "when it is drawn alone"),
    (reads_ahead, "a_step_reads_no_level_beyond_its_own", "later steps"),
    (draws_unsaid, "the_seed_alone_decides", "`noisy` is False"),
    (looks, "no_step_waits_for_the_device", "looks at a number"),
    (makes_numbers, "no_step_waits_for_the_device", "waited for in ['tensor', 'tensor'"),
    (brings_numbers, "no_step_waits_for_the_device", "waited for in ['aten._to_copy"),
    (nan_at_data, "the_last_step_may_go_to_clean_data", "NaN"),
]


@pytest.mark.parametrize(("step", "test", "says"), WRONG, ids=[step.__name__ for step, _, _ in WRONG])
def test_a_wrong_sampler_is_caught(step: Callable[..., Any], test: str, says: str) -> None:
    class Claimed(SamplerContract):
        sampler = ng.Sampler(Position, step, noisy=False, asks=ng.asks_here)
        order = 1

    assert says in caught(Claimed)[test]


@pytest.mark.parametrize("step", [in_place, answer_in_place])
def test_of_a_step_that_works_in_place_that_alone_is_told(step: Callable[..., Any]) -> None:
    class Claimed(SamplerContract):
        sampler = ng.Sampler(Position, step, noisy=False, asks=ng.asks_here)
        order = 1

    assert list(caught(Claimed)) == ["a_step_changes_nothing_in_place"]


def test_memory_outside_of_the_state_is_caught() -> None:
    class Hidden(SamplerContract):
        sampler = with_hidden_history()
        order = 2

    assert "keep all memory in the state" in caught(Hidden)["it_goes_on_from_any_stored_step_bit_by_bit"]


def test_a_state_that_cannot_be_stored_is_caught() -> None:
    class Stored(SamplerContract):
        sampler = ng.Sampler(Slot, closure, noisy=False)

    assert "NamedTuple" in caught(Stored)["its_state_can_be_stored_and_read_again"]


def test_a_question_outside_of_what_the_sampler_says_is_caught() -> None:
    class Asking(SamplerContract):
        sampler = ng.Sampler(Position, asks_there, noisy=False, asks=ng.asks_here)
        evaluations = 2

    assert "outside of what its `asks` says" in caught(Asking)["a_step_asks_the_denoiser_as_often_and_where_it_says"]


def test_an_order_that_is_claimed_too_high_is_told_with_what_was_measured() -> None:
    class Proud(SamplerContract):
        sampler = ng.Sampler(Position, right, noisy=False)
        order = 2

    assert "it claims order 2; measured 1.0" in caught(Proud)["it_reaches_the_order_that_its_author_claims"]


def test_noise_of_the_wrong_size_is_caught_by_the_law_that_it_draws() -> None:
    class Noisy(SamplerContract):
        sampler = ng.Sampler(Position, too_much_noise)

    assert "energy distance" in caught(Noisy)["it_draws_the_law_of_the_data"]


def test_a_claim_of_noise_without_any_is_caught() -> None:
    class Still(SamplerContract):
        sampler = ng.Sampler(Position, right, noisy=True)

    assert "`noisy` is True" in caught(Still)["the_seed_alone_decides"]
