"""Classifier guidance: the data pulled along the gradient of log p(y | x_t), by either of ADM's two mechanisms."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

import noisegraph as ng
from pydantic import Field

from ..likelihoods.reverse import Variance, data_weight, reverse_log_variance
from .combined import Combined
from .facts import of_one_model

Strength = Annotated[float, Field(ge=-1000, le=100_000)]


@ng.node(early=True, facts=of_one_model("denoiser"))
def classifier(denoiser: ng.Denoiser, classifier: ng.Classifier, *, scale: Strength = 1.0) -> ng.Denoiser:
    """Classifier guidance for any sampler: eps - sigma scale grad log p(y | x) (Dhariwal & Nichol 2021, algorithm 2).

    classifier: of noisy data; it is asked at the state's own level.
    scale: 0 is the denoiser alone, 1 the posterior of the model and the classifier.
    """

    def combine(found: list[ng.Tensor], x: ng.Tensor, level: ng.Level) -> ng.Tensor:
        if level.alpha == 0:
            raise ng.NodeError(
                f"a classifier cannot move the data where alpha is 0 (time {level.t:g})",
                "begin at a level that holds some signal, or guide in a window below it",
            )
        pull = ng.class_gradient(classifier, x, level)
        return found[0] + scale * level.sigma**2 / level.alpha * pull

    return denoiser if scale == 0 else Combined((denoiser,), combine)


@ng.node(early=True, facts=of_one_model("denoiser"))
def classifier_mean(
    denoiser: ng.Denoiser,
    classifier: ng.Classifier,
    levels: ng.Levels,
    *,
    scale: Strength = 1.0,
    variance: Variance = "small",
) -> ng.Denoiser:
    """Classifier guidance for `sampler.ddpm`: mean + scale variance grad log p(y | x) (Dhariwal & Nichol 2021, alg. 1).

    The mean of p(x_there | x_here) is linear in the data, so that the data are moved by as much as moves the mean by
    that; hence the levels that the sampler walks, and the variance that it is given.

    levels: those that the sampler walks; elsewhere the denoiser cannot be asked.
    scale: 0 is the denoiser alone.
    variance: as the sampler's.
    """
    return denoiser if scale == 0 else MeanShifted(denoiser, classifier, levels, scale, variance)


@dataclass(frozen=True, eq=False)
class MeanShifted:
    """A denoiser whose data move the mean of a DDPM step by scale variance grad log p(y | x)."""

    denoiser: ng.Denoiser
    classifier: ng.Classifier
    levels: ng.Levels
    scale: float
    variance: Variance

    def __call__(self, x: ng.Tensor, level: ng.Level) -> ng.Tensor:
        return self.predict(x, level).x0

    def predict(self, x: ng.Tensor, level: ng.Level) -> ng.Predicted:
        """The guided data, and the learned variance as it was."""
        index = self._step(level)
        found = ng.predict(self.denoiser, x, level)
        weight = data_weight(level, self.levels[index + 1])
        shift = self.scale * self._spread(index, found.variance) / weight * ng.class_gradient(self.classifier, x, level)
        return ng.Predicted(found.x0 + shift, found.variance)

    def _spread(self, index: int, fraction: ng.Tensor | None) -> ng.Tensor | float:
        """The step's variance; of a last step with variance small, 0."""
        if self.variance == "small" and self.levels[index + 1].sigma == 0:
            return 0.0
        log_variance = reverse_log_variance(self.levels, index, self.variance, fraction)
        return math.exp(log_variance) if isinstance(log_variance, float) else log_variance.exp()

    def _step(self, level: ng.Level) -> int:
        if level in self.levels.points[:-1]:
            return self.levels.points.index(level)
        raise ng.NodeError(
            f"guidance of the mean was asked at time {level.t:g}, where no step of its levels begins",
            "wire the levels that sampler.ddpm walks, or take guide.classifier with other samplers",
        )


NODES = (classifier, classifier_mean)
