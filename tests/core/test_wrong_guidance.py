"""The contracts of guidance, processes and levels catch what is wrong, and say what."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.testing.guidance import GuidanceContract
from noisegraph.testing.levels import LevelsContract
from noisegraph.testing.processes import ProcessContract

from .caught import caught

Pair = tuple[torch.Tensor, torch.Tensor]


def built(answer: Callable[[ng.Denoiser, ng.Denoiser, torch.Tensor, ng.Level, float], torch.Tensor]) -> Any:
    """A guidance node of a formula."""

    def guidance(positive: ng.Denoiser, negative: ng.Denoiser, *, scale: float) -> ng.Denoiser:
        return lambda x, level: answer(positive, negative, x, level, scale)

    return guidance


def right(positive: ng.Denoiser, negative: ng.Denoiser, x: torch.Tensor, level: ng.Level, scale: float) -> torch.Tensor:
    toward, away = ng.together([positive, negative], x, level)
    return away + scale * (toward - away)


def swapped(
    positive: ng.Denoiser, negative: ng.Denoiser, x: torch.Tensor, level: ng.Level, scale: float
) -> torch.Tensor:
    return right(negative, positive, x, level, scale)


def of_the_paper(
    positive: ng.Denoiser, negative: ng.Denoiser, x: torch.Tensor, level: ng.Level, scale: float
) -> torch.Tensor:
    return right(positive, negative, x, level, scale + 1)


def drifting(
    positive: ng.Denoiser, negative: ng.Denoiser, x: torch.Tensor, level: ng.Level, scale: float
) -> torch.Tensor:
    return right(positive, negative, x, level, scale) * (1 + 0.01 * (scale - 1) * scale)


def asking_twice(
    positive: ng.Denoiser, negative: ng.Denoiser, x: torch.Tensor, level: ng.Level, scale: float
) -> torch.Tensor:
    return negative(x, level) + scale * (positive(x, level) - negative(x, level))


def one_by_one(
    positive: ng.Denoiser, negative: ng.Denoiser, x: torch.Tensor, level: ng.Level, scale: float
) -> torch.Tensor:
    away = negative(x, level)
    return away + scale * (positive(x, level) - away)


def in_place(
    positive: ng.Denoiser, negative: ng.Denoiser, x: torch.Tensor, level: ng.Level, scale: float
) -> torch.Tensor:
    toward, away = ng.together([positive, negative], x, level)
    return away.add_(scale * (toward - away))


def of_the_batch(
    positive: ng.Denoiser, negative: ng.Denoiser, x: torch.Tensor, level: ng.Level, scale: float
) -> torch.Tensor:
    toward, away = ng.together([positive, negative], x, level)
    share = float((toward - away).norm().clamp(max=0.5))
    return away + scale * share * (toward - away)


def in_double(
    positive: ng.Denoiser, negative: ng.Denoiser, x: torch.Tensor, level: ng.Level, scale: float
) -> torch.Tensor:
    return right(positive, negative, x, level, scale).double()


def still(positive: ng.Denoiser, negative: ng.Denoiser, x: torch.Tensor, level: ng.Level, scale: float) -> torch.Tensor:
    return right(positive, negative, x, level, min(scale, 1.0))


def test_right_guidance_passes_every_test() -> None:
    class Right(GuidanceContract):
        guidance = built(right)

    assert caught(Right) == {}


@pytest.mark.parametrize(
    ("formula", "test"),
    [
        (swapped, "where_it_does_not_guide_the_first_denoiser_is_left_alone"),
        (swapped, "where_it_takes_nothing_of_the_first_denoiser_it_is_the_second"),
        (of_the_paper, "where_it_does_not_guide_the_first_denoiser_is_left_alone"),
        (drifting, "denoisers_that_agree_are_left_alone"),
        (asking_twice, "each_denoiser_is_asked_at_most_once"),
        (one_by_one, "denoisers_of_one_network_are_asked_in_one_batch"),
        (in_place, "it_changes_nothing_in_place"),
        (of_the_batch, "an_image_does_not_depend_on_the_batch_it_is_in"),
        (in_double, "dtype_and_shape_are_those_of_x"),
        (still, "it_guides"),
    ],
)
def test_wrong_guidance_is_caught(formula: Any, test: str) -> None:
    class Wrong(GuidanceContract):
        guidance = built(formula)

    assert test in caught(Wrong)


def test_guidance_that_asks_while_it_is_made_is_caught() -> None:
    def eager(positive: ng.Denoiser, negative: ng.Denoiser, *, scale: float) -> ng.Denoiser:
        assert callable(positive), "not there yet"
        return built(right)(positive, negative, scale=scale)

    class Eager(GuidanceContract):
        guidance = eager

    assert list(caught(Eager)) == ["it_is_made_before_its_denoisers_are_there"]


@dataclass(frozen=True)
class Straight(ng.Flow):
    """A right process to spoil."""

    spoiled: str = ""

    def level(self, t: float) -> ng.Level:
        _, alpha, sigma = super().level(t)
        if self.spoiled == "rising":
            return super().level(1.001 - t)
        return ng.Level(0.0 if self.spoiled == "timeless" else t, alpha, sigma)

    def at_log_snr(self, log_snr: float) -> ng.Level:
        if self.spoiled == "dirty" and log_snr == math.inf:
            return self.level(self.t_min)
        return super().at_log_snr(log_snr / 2 if self.spoiled == "halved" else log_snr)

    def drift(self, t: float) -> float:
        return super().drift(t) * (-1 if self.spoiled == "backwards" else 1)

    def diffusion(self, t: float) -> float:
        return super().diffusion(t) ** (2 if self.spoiled == "squared" else 1)


@pytest.mark.parametrize(
    ("spoiled", "test"),
    [
        ("rising", "noise_grows_with_time"),
        ("timeless", "levels_are_plain_numbers_that_carry_their_time"),
        ("halved", "a_level_is_found_again_by_its_log_snr"),
        ("dirty", "clean_data_lies_at_infinite_log_snr"),
        ("backwards", "the_drift_is_the_slope_of_log_alpha"),
        ("squared", "the_diffusion_is_what_the_noise_gains_beyond_the_drift"),
    ],
)
def test_a_wrong_process_is_caught(spoiled: str, test: str) -> None:
    class Wrong(ProcessContract):
        process = Straight(spoiled=spoiled)

    assert test in caught(Wrong)


def test_a_right_process_passes_every_test() -> None:
    class Right(ProcessContract):
        process = Straight()

    assert caught(Right) == {}


def test_a_process_that_is_no_value_is_caught() -> None:
    class Loose(ng.Flow):
        def __eq__(self, other: object) -> bool:
            return self is other

        def __hash__(self) -> int:
            return id(self)

    Loose.__qualname__ = "Loose"
    globals()["Loose"] = Loose

    class Wrong(ProcessContract):
        process = Loose()

    assert "frozen dataclass" in caught(Wrong)["it_is_a_value_that_can_be_compared_hashed_and_pickled"]


def spaced(process: ng.Process, *, steps: int, spoiled: str = "") -> ng.Levels:
    """Levels even in time, and what can be wrong with them."""
    low, high = process.t_min, process.t_max
    times = [high - index * (high - low) / steps for index in range(steps + 1)]
    if spoiled == "short":
        times = times[:-1]
    if spoiled == "rising":
        times.reverse()
    points = [process.level(max(t, low)) for t in times]
    if spoiled == "integers":
        points[-1] = ng.Level(0, 1, 0)
    if spoiled == "elsewhere":
        points[0] = points[0]._replace(sigma=points[0].sigma * 1.5)
    if spoiled == "repeated":
        points[-1] = points[-2]
    return ng.Levels(tuple(points), ng.EDM() if spoiled == "foreign" else process)


@pytest.mark.parametrize(
    ("spoiled", "test"),
    [
        ("short", "it_has_the_steps_that_were_asked_for"),
        ("rising", "noise_falls_in_every_step"),
        ("repeated", "noise_falls_in_every_step"),
        ("integers", "its_points_are_plain_numbers"),
        ("elsewhere", "every_level_is_one_of_the_process"),
        ("foreign", "it_knows_the_process_that_it_was_made_for"),
    ],
)
def test_wrong_levels_are_caught(spoiled: str, test: str) -> None:
    class Wrong(LevelsContract):
        grid = spaced
        options = {"spoiled": spoiled}

    assert test in caught(Wrong)


def test_right_levels_pass_every_test() -> None:
    class Right(LevelsContract):
        grid = spaced

    assert caught(Right) == {}
