"""Langevin steps at one level, of the size that predictor-corrector sampling gives them (Song et al. 2021)."""

from __future__ import annotations

import math
from typing import Protocol

import noisegraph as ng


class Correct(Protocol):
    """x moved uphill in the score by a step, with noise; `together` shares one size among the batch."""

    def __call__(
        self,
        x: ng.Tensor,
        score: ng.Tensor,
        noise: ng.Tensor,
        level: ng.Level,
        snr: float,
        alpha: float,
        together: bool,
    ) -> ng.Tensor: ...


def langevin(
    x: ng.Tensor, score: ng.Tensor, noise: ng.Tensor, level: ng.Level, snr: float, alpha: float, together: bool
) -> ng.Tensor:
    """Step size 2 alpha (r ||z|| / ||score||)^2 (algorithms 4 and 5), its norms averaged over the batch in their code.

    For an image alone ||z|| is sqrt(d), as they suggest for small batches, and ||score|| not below what it is on the
    average at most, sqrt(d) / sigma: where the score vanishes, the step must not grow without bound.
    """
    if together:
        size = 2 * alpha * (snr * _norms(noise).mean() / _norms(score).mean()).square()
    else:
        root = math.sqrt(x[0].numel())
        size = 2 * alpha * (snr * root / _norms(score).clamp(min=root / level.sigma)).square()
    return x + size * score + (2 * size).sqrt() * noise


def annealed(
    x: ng.Tensor, score: ng.Tensor, noise: ng.Tensor, level: ng.Level, snr: float, alpha: float, together: bool
) -> ng.Tensor:
    """Step size 2 alpha (r sigma)^2: annealed Langevin dynamics (Song & Ermon 2019)."""
    size = 2 * alpha * (snr * level.sigma) ** 2
    return x + size * score + math.sqrt(2 * size) * noise


def _norms(x: ng.Tensor) -> ng.Tensor:
    """The norm of every image, [batch, 1, ...]."""
    norms: ng.Tensor = x.flatten(1).norm(dim=1)
    return norms.reshape(-1, *[1] * (x.ndim - 1))


CORRECTORS: dict[str, Correct] = {"langevin": langevin, "annealed": annealed}
