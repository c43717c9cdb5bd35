"""The contracts of guidance of a single denoiser, and of denoisers in turn, catch what is wrong, and say what it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.testing.denoisers import DenoiserContract, SwitchContract

from .caught import caught


@dataclass(frozen=True)
class Shrunk:
    """Data drawn towards 0: right guidance to spoil."""

    denoiser: ng.Denoiser
    scale: float

    def __call__(self, x: torch.Tensor, level: ng.Level) -> torch.Tensor:
        return self.predict(x, level).x0

    def predict(self, x: torch.Tensor, level: ng.Level) -> ng.Predicted:
        found = ng.predict(self.denoiser, x, level)
        return found._replace(x0=found.x0 / (1 + self.scale))


def right(denoiser: ng.Denoiser, *, scale: float) -> ng.Denoiser:
    return Shrunk(denoiser, scale)


Formula = Callable[[ng.Denoiser, torch.Tensor, ng.Level, float], torch.Tensor]


def shrunk(denoiser: ng.Denoiser, x: torch.Tensor, level: ng.Level, scale: float) -> torch.Tensor:
    return denoiser(x, level) / (1 + scale)


def never_neutral(denoiser: ng.Denoiser, x: torch.Tensor, level: ng.Level, scale: float) -> torch.Tensor:
    return shrunk(denoiser, x, level, scale) * 0.99


def idle(denoiser: ng.Denoiser, x: torch.Tensor, level: ng.Level, scale: float) -> torch.Tensor:
    return denoiser(x, level)


def asking_twice(denoiser: ng.Denoiser, x: torch.Tensor, level: ng.Level, scale: float) -> torch.Tensor:
    return denoiser(x, level) - scale / (1 + scale) * denoiser(x, level)


def asking_elsewhere(denoiser: ng.Denoiser, x: torch.Tensor, level: ng.Level, scale: float) -> torch.Tensor:
    return shrunk(denoiser, x, level._replace(sigma=level.sigma * 1.001), scale)


def asking_of_another_state(denoiser: ng.Denoiser, x: torch.Tensor, level: ng.Level, scale: float) -> torch.Tensor:
    return shrunk(denoiser, x * (1 + 1e-12), level, scale)


def in_place(denoiser: ng.Denoiser, x: torch.Tensor, level: ng.Level, scale: float) -> torch.Tensor:
    return denoiser(x, level).div_(1 + scale)


def of_the_batch(denoiser: ng.Denoiser, x: torch.Tensor, level: ng.Level, scale: float) -> torch.Tensor:
    x0 = denoiser(x, level)
    return x0 - scale * x0.mean(0)


def in_double(denoiser: ng.Denoiser, x: torch.Tensor, level: ng.Level, scale: float) -> torch.Tensor:
    return shrunk(denoiser, x, level, scale).double()


def with_gradients(denoiser: ng.Denoiser, x: torch.Tensor, level: ng.Level, scale: float) -> torch.Tensor:
    inner = x.clone().requires_grad_()
    return denoiser(x, level) - scale * torch.autograd.grad((inner**2).sum(), inner)[0]


def carrying_gradients(denoiser: ng.Denoiser, x: torch.Tensor, level: ng.Level, scale: float) -> torch.Tensor:
    return denoiser(x, level) * torch.tensor(1 / (1 + scale), requires_grad=True, dtype=x.dtype)


def looking(denoiser: ng.Denoiser, x: torch.Tensor, level: ng.Level, scale: float) -> torch.Tensor:
    x0 = denoiser(x, level)
    return x0 / (1 + scale) if float(x0.abs().max()) > 0 else x0


def copying(denoiser: ng.Denoiser, x: torch.Tensor, level: ng.Level, scale: float) -> torch.Tensor:
    return denoiser(x, level) / torch.tensor([1 + scale]).to(x)


def naming(denoiser: ng.Denoiser, x: torch.Tensor, level: ng.Level, scale: float) -> torch.Tensor:
    return denoiser(x, level) / torch.tensor(data=[1 + scale], dtype=x.dtype, device=x.device)


class Counting:
    """Guidance that grows with every question: what it was asked before decides."""

    times = 0

    def __call__(self, denoiser: ng.Denoiser, x: torch.Tensor, level: ng.Level, scale: float) -> torch.Tensor:
        self.times += 1
        return shrunk(denoiser, x, level, scale * self.times)


def of(formula: Formula) -> type[DenoiserContract]:
    """The contract of a plain function, through which a learned variance does not go."""

    def guidance(denoiser: ng.Denoiser, *, scale: float) -> ng.Denoiser:
        return lambda x, level: formula(denoiser, x, level, scale)

    return type("Wrong", (DenoiserContract,), {"guidance": guidance, "keeps_variance": False})


def test_right_guidance_of_one_denoiser_passes_every_test() -> None:
    class Right(DenoiserContract):
        guidance = right

    assert caught(Right) == {}
    assert caught(of(shrunk)) == {}


WRONG: list[tuple[Formula, str, str]] = [
    (never_neutral, "where_it_is_neutral_the_denoiser_is_left_alone", "moves the denoiser's answer by"),
    (idle, "it_does_something", "it is its denoiser alone"),
    (asking_twice, "the_denoiser_is_asked_once_and_where_the_guided_one_is", "it asks its denoiser at"),
    (asking_elsewhere, "the_denoiser_is_asked_once_and_where_the_guided_one_is", "it asks its denoiser at"),
    (asking_of_another_state, "the_denoiser_is_asked_once_and_where_the_guided_one_is", "about another state"),
    (in_place, "it_changes_nothing_in_place", "gave back"),
    (of_the_batch, "an_image_does_not_depend_on_the_batch_it_is_in", "when it is alone"),
    (in_double, "dtype_and_shape_are_those_of_x", "float64"),
    (with_gradients, "it_works_where_gradients_are_switched_off", "grad"),
    (carrying_gradients, "it_works_where_gradients_are_switched_off", "carries gradients"),
    (looking, "it_never_waits_for_the_device", "looks at a number"),
    (copying, "it_never_waits_for_the_device", "bring tensors there by ng.onto"),
    (naming, "it_never_waits_for_the_device", "bring tensors there by ng.onto"),
    (Counting(), "it_remembers_nothing", "keep nothing between questions"),
]


@pytest.mark.parametrize(("formula", "test", "says"), WRONG)
def test_wrong_guidance_of_one_denoiser_is_caught(formula: Formula, test: str, says: str) -> None:
    assert says in caught(of(formula))[test]


def test_guidance_that_loses_the_learned_variance_is_caught() -> None:
    class Losing(of(shrunk)):  # type: ignore[misc]
        keeps_variance = True

    assert "loses the learned variance" in caught(Losing)["a_learned_variance_is_passed_on"]


def test_guidance_that_takes_who_acts_first_for_all_levels_is_caught() -> None:
    def stuck(denoiser: Any, *, scale: float) -> ng.Denoiser:
        first = ng.at(denoiser, ng.Level(1.0, 0.0, 1.0)) if callable(denoiser) else denoiser
        return Shrunk(first, scale)

    class Stuck(DenoiserContract):
        guidance = stuck

    assert [*caught(Stuck)] == ["whoever_acts_at_the_level_is_asked"]


def test_guidance_that_asks_while_it_is_made_is_caught() -> None:
    def eager(denoiser: Any, *, scale: float) -> ng.Denoiser:
        assert callable(denoiser), "not there yet"
        return Shrunk(denoiser, scale)

    class Eager(DenoiserContract):
        guidance = eager

    assert [*caught(Eager)] == ["it_is_made_before_its_denoiser_is_there"]


def halved(first: ng.Denoiser, second: ng.Denoiser) -> ng.Denoiser:
    return ng.Pieces((first, second), (0.0,))


@dataclass(frozen=True)
class Spoiled(ng.Pieces):
    """A right switch to spoil."""

    how: str = ""

    def at(self, level: ng.Level) -> ng.Denoiser:
        there = super().at(level)
        if self.how == "first":
            return self.denoisers[0]
        return Shrunk(there, 1.0) if self.how == "wrapped" else there

    def __call__(self, x: torch.Tensor, level: ng.Level) -> torch.Tensor:
        if self.how == "both":
            answers = [one(x, level) for one in self.denoisers]
            return answers[self.denoisers.index(super().at(level))]
        return self.denoisers[1](x, level) if self.how == "other" else super().__call__(x, level)

    def predict(self, x: torch.Tensor, level: ng.Level) -> ng.Predicted:
        return ng.Predicted(self(x, level)) if self.how == "losing" else super().predict(x, level)


def test_a_right_switch_passes_every_test() -> None:
    class Right(SwitchContract):
        switch = halved

    assert caught(Right) == {}


@pytest.mark.parametrize(
    ("how", "test"),
    [
        ("first", "at_says_who_acts"),
        ("wrapped", "at_says_who_acts"),
        ("both", "who_acts_answers_and_is_asked_alone"),
        ("other", "who_acts_answers_and_is_asked_alone"),
        ("losing", "a_learned_variance_is_passed_on"),
    ],
)
def test_a_wrong_switch_is_caught(how: str, test: str) -> None:
    class Wrong(SwitchContract):
        def make(self, first: Any, second: Any) -> ng.Denoiser:
            return Spoiled((first, second), (0.0,), how)

    assert test in caught(Wrong)


def test_a_switch_that_keeps_its_stretches_secret_is_caught() -> None:
    """A walk's step is stored under who acts at its ends; `bounds` that do not hold would mix steps up."""

    @dataclass(frozen=True)
    class Secret(ng.Pieces):
        def at(self, level: ng.Level) -> ng.Denoiser:
            return self.denoisers[level.log_snr >= 0]

    class Wrong(SwitchContract):
        def make(self, first: Any, second: Any) -> ng.Denoiser:
            return Secret((first, second), (1e9,))

    assert [*caught(Wrong)] == ["whoever_acts_on_a_stretch_of_levels_is_told"]
