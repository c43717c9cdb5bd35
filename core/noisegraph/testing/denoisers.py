"""Contracts of nodes that make a denoiser of one other, or hand the levels to several in turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

from ..diffusion.denoiser import Denoiser, Pieces, acting, at, predict
from ..diffusion.level import Level
from ..diffusion.prediction import Predicted
from ..loop import Later
from .guidance import LEVELS
from .mixture import three_clusters
from .sameness import same
from .trial import Asked
from .waits import never_waiting

if TYPE_CHECKING:
    from torch import Tensor

EXACT = 1e-10


class DenoiserContract:
    """What guidance of a single denoiser must keep: thresholds, a classifier's pull, what is known. Its author writes

        class TestMyGuidance(DenoiserContract):
            guidance = my_guidance
            strong = {"scale": 2.0}
            alone = {"scale": 0.0}

    The node's first input is the denoiser.
    """

    guidance: ClassVar[Callable[..., Denoiser]]
    strong: ClassVar[Mapping[str, Any]] = {"scale": 2.0}
    """Parameters at which it does something."""
    alone: ClassVar[Mapping[str, Any] | None] = {"scale": 0.0}
    """Parameters at which the denoiser is left alone; None where there are none."""
    levels: ClassVar[Sequence[Level]] = LEVELS
    """Where it is asked."""
    keeps_variance: ClassVar[bool] = True
    """Whether a denoiser's learned variance goes through it, for samplers that ask for one."""

    def guide(self, denoiser: Any, params: Mapping[str, Any]) -> Denoiser:
        """The guided denoiser; override it where the node wants more inputs."""
        return type(self).guidance(denoiser, **params)

    def x(self) -> Tensor:
        """The state that it is asked with, float64 [batch, ...]."""
        return three_clusters().sample(5, seed=1) * 1.5

    def test_where_it_is_neutral_the_denoiser_is_left_alone(self) -> None:
        if self.alone is None:
            return
        x, denoiser = self.x(), three_clusters().denoiser()
        for level in self.levels:
            gap = _gap(self.guide(denoiser, self.alone)(x, level), denoiser(x, level))
            assert gap <= EXACT, f"with {dict(self.alone)} it moves the denoiser's answer by {gap:.1e}"

    def test_it_does_something(self) -> None:
        x, denoiser = self.x(), three_clusters().denoiser()
        gaps = [_gap(self.guide(denoiser, self.strong)(x, level), denoiser(x, level)) for level in self.levels]
        assert max(gaps) > 1e-6, f"with {dict(self.strong)} it is its denoiser alone"

    def test_the_denoiser_is_asked_once_and_where_the_guided_one_is(self) -> None:
        x = self.x()
        for level in self.levels:
            asked = Asked(three_clusters().denoiser())
            self.guide(asked, self.strong)(x, level)
            assert asked.levels == [level], f"asked at {level}, it asks its denoiser at {asked.levels}"
            assert same(asked.inputs[0][1], x), "it asks its denoiser about another state"

    def test_whoever_acts_at_the_level_is_asked(self) -> None:
        x, one, other = self.x(), three_clusters().denoiser(1), three_clusters().denoiser(2)
        in_turn = self.guide(Pieces((one, other), (0.0,)), self.strong)
        for level in self.levels:
            there = one if level.log_snr < 0 else other
            gap = _gap(in_turn(x, level), self.guide(there, self.strong)(x, level))
            assert gap <= EXACT, f"at {level} it differs by {gap:.1e} from the guidance of who acts there"

    def test_a_learned_variance_is_passed_on(self) -> None:
        x = self.x()
        for level in self.levels if self.keeps_variance else ():
            found = predict(self.guide(Learned(three_clusters().denoiser()), self.strong), x, level).variance
            assert found is not None, "it loses the learned variance; give it a method `predict` too"
            assert same(found, _variance(x)), "it changes the learned variance"

    def test_it_changes_nothing_in_place(self) -> None:
        for level in self.levels:
            x, asked = self.x(), Asked(three_clusters().denoiser())
            self.guide(asked, self.strong)(x, level)
            assert same(x, self.x()), "it changed x in place"
            kept = all(same(now, then) for now, then in (*asked.inputs, *asked.answers))
            assert kept, "it changed what the denoiser was handed or gave back"

    def test_it_remembers_nothing(self) -> None:
        x, guided = self.x(), self.guide(three_clusters().denoiser(), self.strong)
        first = [guided(x, level) for level in self.levels]
        again = [guided(x, level) for level in reversed(self.levels)]
        assert same(first, again[::-1]), "it answers another way when it is asked again; keep nothing between questions"

    def test_dtype_and_shape_are_those_of_x(self) -> None:
        x = self.x().float()
        for level in self.levels:
            guided = self.guide(lambda x, level: x / 2, self.strong)(x, level)
            assert (guided.dtype, guided.shape) == (x.dtype, x.shape), f"it gives {guided.dtype} {tuple(guided.shape)}"

    def test_it_never_waits_for_the_device(self) -> None:
        x, guided = self.x().float().to("meta"), self.guide(lambda x, level: x / 2, self.strong)
        with never_waiting():
            for level in self.levels:
                guided(x, level)

    def test_an_image_does_not_depend_on_the_batch_it_is_in(self) -> None:
        x, guided = self.x(), self.guide(three_clusters().denoiser(), self.strong)
        for level in self.levels:
            together = guided(x, level)
            for row in range(len(x)):
                gap = _gap(guided(x[row : row + 1], level)[0], together[row])
                assert gap <= EXACT, f"image {row} differs by {gap:.1e} when it is alone"

    def test_it_works_where_gradients_are_switched_off(self) -> None:
        import torch

        x, guided = self.x(), self.guide(three_clusters().denoiser(), self.strong)
        for level in self.levels:
            usual = guided(x, level)
            with torch.inference_mode():
                gap = _gap(guided(x, level), usual)
            assert gap <= EXACT, f"it differs by {gap:.1e} where gradients are switched off"
            assert not usual.requires_grad, "its answer carries gradients"

    def test_it_is_made_before_its_denoiser_is_there(self) -> None:
        self.guide(Later(b"denoiser"), self.strong)


class SwitchContract:
    """What a denoiser must keep that hands each level to one of others: windows, prompts in turn. Its author writes

        class TestMySwitch(SwitchContract):
            switch = my_switch
            params = {"at": 0.5}

    The node's first two inputs are denoisers, of which each acts somewhere.
    """

    switch: ClassVar[Callable[..., Denoiser]]
    params: ClassVar[Mapping[str, Any]] = {}
    """Parameters at which both act at some of the levels."""

    def make(self, first: Any, second: Any) -> Denoiser:
        """The switch; override it where the node wants more inputs."""
        return type(self).switch(first, second, **self.params)

    def _asked(self) -> tuple[Tensor, Asked, Asked, Denoiser]:
        first, second = Asked(three_clusters().denoiser(1)), Asked(three_clusters().denoiser(2))
        return three_clusters().sample(5, seed=1), first, second, self.make(first, second)

    def test_at_says_who_acts(self) -> None:
        _, first, second, switch = self._asked()
        found = [at(switch, level) for level in LEVELS]
        assert all(one is first or one is second for one in found), "`at` gives something other than its denoisers"
        assert {id(one) for one in found} == {id(first), id(second)}, "at no level does one of the two act"

    def test_who_acts_answers_and_is_asked_alone(self) -> None:
        x, first, second, switch = self._asked()
        for level in LEVELS:
            before = len(first.levels), len(second.levels)
            answer, there = switch(x, level), at(switch, level)
            asked = len(first.levels) - before[0], len(second.levels) - before[1]
            assert asked == ((1, 0) if there is first else (0, 1)), f"at {level} the two are asked {asked} times"
            assert same(answer, there(x, level)), f"at {level} the answer is not that of who acts"

    def test_a_learned_variance_is_passed_on(self) -> None:
        x, denoiser = self._asked()[0], Learned(three_clusters().denoiser())
        for level in LEVELS:
            found = predict(self.make(denoiser, denoiser), x, level).variance
            assert found is not None, "it loses the learned variance; give it a method `predict` too"

    def test_whoever_acts_on_a_stretch_of_levels_is_told(self) -> None:
        _, _, _, switch = self._asked()
        for here, there in pairwise(LEVELS):
            told = [id(one) for one in acting(switch, here, there)]
            for level in (here, there):
                assert id(at(switch, level)) in told, f"from {here} to {there} it does not say that both act"

    def test_it_is_made_before_its_denoisers_are_there(self) -> None:
        self.make(Later(b"first"), Later(b"second"))


class Learned:
    """A denoiser with a learned variance."""

    def __init__(self, denoiser: Denoiser) -> None:
        self.denoiser = denoiser

    def __call__(self, x: Tensor, level: Level) -> Tensor:
        return self.denoiser(x, level)

    def predict(self, x: Tensor, level: Level) -> Predicted:
        """The denoiser's data, and a variance that depends on x."""
        return Predicted(self.denoiser(x, level), _variance(x))


def _variance(x: Tensor) -> Tensor:
    return x.sigmoid()


def _gap(one: Tensor, other: Tensor) -> float:
    return float((one - other).detach().abs().max())
