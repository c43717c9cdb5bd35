"""Adaptive projected guidance: guidance without its oversaturating part (Sadat et al. 2024)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

import noisegraph as ng
from pydantic import Field

from .cfg import Scale
from .combined import along, inner
from .facts import of_one_model


@ng.node(early=True, facts=of_one_model("positive", "negative"))
def apg(
    positive: ng.Denoiser,
    negative: ng.Denoiser,
    *,
    scale: Scale = 7.5,
    eta: Annotated[float, Field(ge=-10, le=10)] = 0.0,
    norm: Annotated[float, Field(ge=0)] = 15.0,
) -> ng.Denoiser:
    """Adaptive projected guidance (Sadat et al. 2024, algorithm 1); its momentum is `guide.apg_momentum`.

    scale: as in guide.cfg.
    eta: how much is kept of the direction's component along the positive prediction, which oversaturates; 1 is cfg.
    norm: r, the greatest length of the direction; 0 is no limit.
    """
    return positive if scale == 1 else Projected(positive, negative, scale, eta, norm)


@ng.node(early=True)
def apg_momentum(sampler: ng.Sampler, *, beta: Annotated[float, Field(gt=-1, lt=1)] = -0.5) -> ng.Sampler:
    """The momentum of adaptive projected guidance, which a sampler remembers from step to step.

    sampler: its denoiser is `guide.apg`.
    beta: how much of the earlier directions is added to each; below 0 it is taken away.
    """

    def init(x: ng.Tensor) -> Remembered:
        return Remembered(x, sampler.init(x))

    def step(denoiser: ng.Denoiser, state: Remembered, step: ng.Step) -> Remembered:
        acting = ng.at(denoiser, step.here)
        if not isinstance(acting, Projected):
            raise ng.NodeError("momentum is of guide.apg, which does not act here", "wire guide.apg to the sampler")
        remembering = Remembering(acting, beta, state.average)
        after = sampler.step(remembering, state.inner, step)
        return Remembered(after.x, after, remembering.average)

    finished = sampler.finished
    done = None if finished is None else lambda state: finished(state.inner)
    return sampler._replace(init=init, step=step, finished=done)


class Remembered(NamedTuple):
    """x, the inner sampler's state, and the average of the directions so far, if there was one."""

    x: ng.Tensor
    inner: Any
    average: ng.Tensor | None = None


@dataclass(frozen=True, eq=False)
class Projected:
    """Two denoisers, guided along the part of their difference that does not oversaturate."""

    positive: ng.Denoiser
    negative: ng.Denoiser
    scale: float
    eta: float
    norm: float

    def __call__(self, x: ng.Tensor, level: ng.Level) -> ng.Tensor:
        return self.predict(x, level).x0

    def predict(self, x: ng.Tensor, level: ng.Level) -> ng.Predicted:
        """The guided data, and the positive denoiser's learned variance."""
        return self.along(x, level, lambda direction: direction)

    def along(self, x: ng.Tensor, level: ng.Level, average: Callable[[ng.Tensor], ng.Tensor]) -> ng.Predicted:
        """The prediction, guided along `average` of the two denoisers' difference."""
        toward, away = ng.predict_together((self.positive, self.negative), x, level)
        direction = projected(average(toward.x0 - away.x0), toward.x0, self.eta, self.norm)
        return ng.Predicted(toward.x0 + (self.scale - 1) * direction, toward.variance)


class Remembering:
    """Guidance within one step of a sampler, its direction averaged over all that were asked for before."""

    def __init__(self, guided: Projected, beta: float, average: ng.Tensor | None) -> None:
        self.guided = guided
        self.beta = beta
        self.average = average

    def __call__(self, x: ng.Tensor, level: ng.Level) -> ng.Tensor:
        return self.predict(x, level).x0

    def predict(self, x: ng.Tensor, level: ng.Level) -> ng.Predicted:
        """The guided data, and the learned variance of whom it asks."""
        return self.guided.along(x, level, self._averaged)

    def _averaged(self, direction: ng.Tensor) -> ng.Tensor:
        self.average = direction if self.average is None else direction + self.beta * self.average
        return self.average


def projected(direction: ng.Tensor, toward: ng.Tensor, eta: float, norm: float) -> ng.Tensor:
    """The direction shortened to the norm, its component along `toward` multiplied by eta."""
    if norm > 0:
        length = inner(direction, direction).sqrt()
        direction = direction * (norm / length.clamp(min=norm))
    parallel = along(direction, toward)
    return direction - parallel + eta * parallel


NODES = (apg, apg_momentum)
