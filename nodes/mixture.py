"""Gaussian mixtures as models whose every answer is exact: samplers and guidance at work without a network."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import noisegraph as ng
from pydantic import Field

Component = Annotated[int, Field(ge=0)] | None
Seed = Annotated[int, Field(ge=0, lt=2**63)]
Count = Annotated[int, Field(ge=1, le=10_000_000)]
Spread = Annotated[float, Field(gt=0)]
Vector = Annotated[list[float], Field(min_length=1, max_length=4096)]
Matrix = Annotated[list[Vector], Field(min_length=1, max_length=4096)]


@ng.node(early=True)
def gaussian(*, mean: Vector, covariance: Matrix) -> ng.Mixture:
    """A single Gaussian.

    covariance: as rows; symmetric, and positive in every direction.
    """
    return _mixture([1.0], [mean], [covariance])


@ng.node(early=True)
def gaussians(
    *,
    weights: Annotated[list[Annotated[float, Field(gt=0)]], Field(min_length=1, max_length=10_000)],
    means: Annotated[list[Vector], Field(min_length=1, max_length=10_000)],
    covariances: Annotated[list[Matrix], Field(min_length=1, max_length=10_000)],
) -> ng.Mixture:
    """A mixture of Gaussians.

    weights: how much each counts; they are scaled to sum 1.
    covariances: one a Gaussian, as rows; symmetric, and positive in every direction.
    """
    return _mixture(weights, means, covariances)


@ng.node(early=True)
def clusters(
    *,
    weights: Annotated[list[Annotated[float, Field(gt=0)]], Field(min_length=1, max_length=10_000)],
    means: Annotated[list[Vector], Field(min_length=1, max_length=10_000)],
    deviation: Spread = 0.2,
) -> ng.Mixture:
    """A mixture of round Gaussians of one size.

    weights: how much each counts; they are scaled to sum 1.
    deviation: the standard deviation of each in every direction.
    """
    return _mixture(weights, means, [_round(len(mean), deviation) for mean in means])


@ng.node(early=True)
def swiss_roll(
    *,
    turns: Annotated[float, Field(gt=0, le=10)] = 1.5,
    pieces: Annotated[int, Field(ge=2, le=2000)] = 120,
    deviation: Spread = 0.03,
) -> ng.Mixture:
    """A spiral in the plane, as many small Gaussians along it: the swiss roll, with an exact denoiser.

    turns: how often it goes round; it reaches from near the middle to radius 1.
    pieces: how many Gaussians it is made of, in even distances along it.
    """
    # The length of r = c phi grows like phi^2 / 2, so even distances are even in phi^2.
    low, high = (math.pi / 2) ** 2, (math.pi / 2 + 2 * math.pi * turns) ** 2
    angles = [math.sqrt(low + (high - low) * index / (pieces - 1)) for index in range(pieces)]
    means = [[a * math.cos(a) / math.sqrt(high), a * math.sin(a) / math.sqrt(high)] for a in angles]
    return _mixture([1.0] * pieces, means, [_round(2, deviation)] * pieces)


def _round(dimensions: int, deviation: float) -> list[list[float]]:
    return [[deviation**2 if row == column else 0.0 for column in range(dimensions)] for row in range(dimensions)]


def _mixture(
    weights: Sequence[float], means: Sequence[Sequence[float]], covariances: Sequence[Sequence[Sequence[float]]]
) -> ng.Mixture:
    sizes = {len(weights), len(means), len(covariances)}
    if len(sizes) > 1:
        raise ng.NodeError(
            f"{len(weights)} weights, {len(means)} means and {len(covariances)} covariances", "give as many of each"
        )
    dimensions = len(means[0])
    for mean, covariance in zip(means, covariances, strict=True):
        if (
            len(mean) != dimensions
            or len(covariance) != dimensions
            or any(len(row) != dimensions for row in covariance)
        ):
            raise ng.NodeError("means and covariances of different dimensions", f"all have to be of {dimensions}")
        if any(covariance[i][j] != covariance[j][i] for i in range(dimensions) for j in range(i)):
            raise ng.NodeError(f"a covariance that is not symmetric: {covariance}", "mirror it at its diagonal")
        if not _positive(covariance):
            raise ng.NodeError(f"a covariance that is not positive: {covariance}", "no direction may have variance 0")
    return ng.Mixture.of(weights, means, covariances)


def _positive(matrix: Sequence[Sequence[float]]) -> bool:
    """Whether Cholesky's decomposition exists."""
    size = len(matrix)
    lower = [[0.0] * size for _ in range(size)]
    for i in range(size):
        for j in range(i + 1):
            rest = matrix[i][j] - sum(lower[i][k] * lower[j][k] for k in range(j))
            if i == j and rest <= 0:
                return False
            lower[i][j] = math.sqrt(rest) if i == j else rest / lower[j][j]
    return True


@ng.node(early=True)
def denoiser(mixture: ng.Mixture, *, component: Component = None) -> ng.Denoiser:
    """The exact denoiser, E[x_0 | x_t].

    component: of one of the Gaussians alone, as under a condition; of the whole mixture, where it is not given.
    """
    _check(mixture, component)
    return mixture.denoiser(component)


@ng.node(early=True)
def classifier(mixture: ng.Mixture, *, component: Annotated[int, Field(ge=0)] = 0) -> ng.Classifier:
    """The exact probability that a noisy point belongs to one of the Gaussians."""
    _check(mixture, component)

    def classify(x: ng.Tensor, level: ng.Level) -> ng.Tensor:
        return mixture.class_log_probabilities(x, level)[:, component]

    return classify


def _check(mixture: ng.Mixture, component: int | None) -> None:
    if component is not None and component >= len(mixture.weights):
        raise ng.NodeError(f"no component {component}", f"there are 0 to {len(mixture.weights) - 1}")


@ng.node(early=True)
def shape(mixture: ng.Mixture) -> ng.Shape:
    """The shape of the mixture's points, for latent.noise."""
    return ng.Shape((mixture.dimensions,))


@ng.node
def sample(mixture: ng.Mixture, *, count: Count = 1000, seed: Seed = 0) -> ng.Points:
    """Exact draws from the mixture."""
    import torch

    return ng.Points(mixture.sample(count, seed).to(torch.get_default_dtype()))


@ng.node
def latent(points: ng.Points) -> ng.Latent:
    """Points as the state of a process, for what asks for a latent: inversion, likelihoods, noising."""
    return ng.Latent(points)


@ng.node
def flow(
    mixture: ng.Mixture, start: ng.Latent, levels: ng.Levels, *, steps: Annotated[int, Field(ge=1)] = 1000
) -> ng.Points:
    """Where the exact probability flow takes points from the first of the levels to the last.

    steps: of the Runge-Kutta method that follows it, in float64; a single Gaussian's flow is known in closed form.
    """
    here, there = levels[0], levels[-1]
    if min(here.alpha, here.sigma, there.alpha, there.sigma) <= 0:
        raise ng.NodeError("the exact flow runs between levels that hold both signal and noise", "take end sigma_min")
    return ng.Points(mixture.flow(start.double(), here, there, steps).to(start.dtype))


@ng.node
def log_density(mixture: ng.Mixture, points: ng.Tensor) -> ng.Tensor:
    """The exact log density of every point, in nats, [batch]."""
    return mixture.log_density(points)


@ng.hookimpl
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The nodes of this file."""
    return [gaussian, gaussians, clusters, swiss_roll, denoiser, classifier, shape, sample, latent, flow, log_density]
