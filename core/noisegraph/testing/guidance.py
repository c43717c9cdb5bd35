"""The contract of guidance: subclass GuidanceContract, name the node, and pytest holds it to the contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ..diffusion.denoiser import Conditioned, Denoiser
from ..diffusion.level import Level
from ..diffusion.prediction import Predicted
from ..diffusion.processes.preserving import ContinuousVP
from ..loop import Later
from .mixture import three_clusters
from .sameness import same
from .trial import Asked
from .waits import never_waiting

if TYPE_CHECKING:
    from torch import Tensor

LEVELS = tuple(ContinuousVP().level(t) for t in (1.0, 0.7, 0.3, 0.05, 0.001))


class CountingNetwork:
    """A network that writes down how many rows it is asked at once; it answers by its condition `c` [batch, 1]."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def predict(self, x: Tensor, level: Level, condition: Mapping[str, Tensor]) -> Predicted:
        """x scaled by the condition."""
        self.batches.append(len(x))
        return Predicted(x * condition["c"].to(x.dtype))


class GuidanceContract:
    """What guidance of one denoiser by another must keep. Its author writes

        class TestMyGuidance(GuidanceContract):
            guidance = my_guidance
            alone = {"scale": 1.0}

    The node's first two inputs are denoisers: the one to go to, and the one to go away from.
    """

    guidance: ClassVar[Callable[..., Denoiser]]
    strong: ClassVar[Mapping[str, Any]] = {"scale": 3.0}
    """Parameters at which it guides."""
    alone: ClassVar[Mapping[str, Any] | None] = {"scale": 1.0}
    """Parameters at which only the first denoiser counts; None where there are none."""
    away: ClassVar[Mapping[str, Any] | None] = {"scale": 0.0}
    """Parameters at which only the second denoiser counts; None where there are none."""

    def guide(self, positive: Any, negative: Any, params: Mapping[str, Any]) -> Denoiser:
        """The guided denoiser; override it where the node wants more inputs."""
        return type(self).guidance(positive, negative, **params)

    def _x(self) -> Tensor:
        return three_clusters().sample(5, seed=1) * 1.5

    def _answer(self, params: Mapping[str, Any], level: Level) -> tuple[Tensor, Tensor, Tensor]:
        """What the guided, the first and the second denoiser say."""
        model, x = three_clusters(), self._x()
        positive, negative = model.denoiser(1), model.denoiser()
        return self.guide(positive, negative, params)(x, level), positive(x, level), negative(x, level)

    def test_where_it_does_not_guide_the_first_denoiser_is_left_alone(self) -> None:
        if self.alone is None:
            return
        for level in LEVELS:
            guided, positive, _ = self._answer(self.alone, level)
            gap = float((guided - positive).abs().max())
            assert gap <= 1e-10, f"with {dict(self.alone)} it differs from its first denoiser by {gap:.1e}"

    def test_where_it_takes_nothing_of_the_first_denoiser_it_is_the_second(self) -> None:
        if self.away is None:
            return
        for level in LEVELS:
            guided, _, negative = self._answer(self.away, level)
            gap = float((guided - negative).abs().max())
            assert gap <= 1e-10, f"with {dict(self.away)} it differs from its second denoiser by {gap:.1e}"

    def test_denoisers_that_agree_are_left_alone(self) -> None:
        model, x = three_clusters(), self._x()
        for level in LEVELS:
            plain = model.denoise(x, level)
            guided = self.guide(model.denoiser(), model.denoiser(), self.strong)(x, level)
            gap = float((guided - plain).abs().max())
            assert gap <= 1e-10, f"two denoisers of one mind are moved by {gap:.1e}"

    def test_it_guides(self) -> None:
        guided, positive, negative = self._answer(self.strong, LEVELS[2])
        gaps = [float((guided - one).abs().max()) for one in (positive, negative)]
        assert min(gaps) > 1e-6, f"with {dict(self.strong)} it differs from its denoisers by {gaps} alone"

    def test_each_denoiser_is_asked_at_most_once(self) -> None:
        model = three_clusters()
        positive, negative = Asked(model.denoiser(1)), Asked(model.denoiser())
        self.guide(positive, negative, self.strong)(self._x(), LEVELS[2])
        times = len(positive.levels), len(negative.levels)
        assert max(times) <= 1, f"the denoisers are asked {times} times; keep their answers"

    def test_denoisers_of_one_network_are_asked_in_one_batch(self) -> None:
        import torch

        network = CountingNetwork()
        half, quarter = (Conditioned(network, {"c": torch.tensor([[c]])}) for c in (0.5, 0.25))  # type: ignore[arg-type]
        self.guide(half, quarter, self.strong)(self._x(), LEVELS[2])
        assert network.batches == [10], f"the network is asked for {network.batches} rows; use ng.together"

    def test_it_changes_nothing_in_place(self) -> None:
        model, x = three_clusters(), self._x()
        positive, negative = Asked(model.denoiser(1)), Asked(model.denoiser())
        self.guide(positive, negative, self.strong)(x, LEVELS[2])
        assert same(x, self._x()), "it changed x in place"
        kept = all(same(now, then) for one in (positive, negative) for now, then in (*one.inputs, *one.answers))
        assert kept, "it changed what a denoiser was handed or gave back"

    def test_dtype_and_shape_are_those_of_x(self) -> None:
        import torch

        x = torch.linspace(-1, 1, 96).reshape(2, 3, 4, 4)
        guided = self.guide(lambda x, level: x / 2, lambda x, level: x / 3, self.strong)(x, LEVELS[2])
        assert (guided.dtype, guided.shape) == (x.dtype, x.shape), f"it gives {guided.dtype} {tuple(guided.shape)}"

    def test_it_never_waits_for_the_device(self) -> None:
        import torch

        x = torch.empty(2, 3, 4, 4, device="meta")
        guided = self.guide(lambda x, level: x / 2, lambda x, level: x / 3, self.strong)
        with never_waiting():
            for level in LEVELS:
                guided(x, level)

    def test_an_image_does_not_depend_on_the_batch_it_is_in(self) -> None:
        model, x = three_clusters(), self._x()
        guided = self.guide(model.denoiser(1), model.denoiser(), self.strong)
        together = guided(x, LEVELS[2])
        for row in range(len(x)):
            gap = float((guided(x[row : row + 1], LEVELS[2])[0] - together[row]).abs().max())
            assert gap <= 1e-10, f"image {row} differs by {gap:.1e} when it is alone"

    def test_it_is_made_before_its_denoisers_are_there(self) -> None:
        self.guide(Later(b"first"), Later(b"second"), self.strong)
