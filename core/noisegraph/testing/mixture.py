"""A Gaussian mixture as data: denoiser, score, class posterior and density in closed form at every level."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from ..diffusion.denoiser import Denoiser
from ..diffusion.level import Level
from ..diffusion.onto import onto

if TYPE_CHECKING:
    from torch import Tensor

CLEAN = Level(0.0, 1.0, 0.0)


class _Tensors(NamedTuple):
    log_weights: Tensor
    means: Tensor
    variances: Tensor
    axes: Tensor
    side_by_side: Tensor
    """The axes of all components beside each other, [dimensions, components * dimensions]: for many points one product
    with these takes a fifth of a product for each component."""
    below: Tensor
    """The same to turn back, [components * dimensions, dimensions]."""
    means_along: Tensor
    """Each component's mean along its own axes."""


@dataclass(frozen=True)
class Mixture:
    """p_0 = sum_k w_k N(mu_k, S_k), so that p_t = sum_k w_k N(alpha mu_k, alpha^2 S_k + sigma^2 I).

    States are [batch, ...] with as many numbers an image as a mean has; answers have the state's shape and dtype.
    """

    weights: tuple[float, ...]
    means: tuple[tuple[float, ...], ...]
    covariances: tuple[tuple[tuple[float, ...], ...], ...]

    @classmethod
    def of(
        cls,
        weights: Sequence[float],
        means: Sequence[Sequence[float]],
        covariances: Sequence[Sequence[Sequence[float]]],
    ) -> Mixture:
        """The mixture with these parameters; weights are scaled to sum 1."""
        total = sum(weights)
        return cls(
            tuple(float(weight) / total for weight in weights),
            tuple(tuple(map(float, mean)) for mean in means),
            tuple(tuple(tuple(map(float, row)) for row in covariance) for covariance in covariances),
        )

    @property
    def dimensions(self) -> int:
        """How many numbers a point has."""
        return len(self.means[0])

    @cached_property
    def _float64(self) -> _Tensors:
        import torch

        covariances = torch.tensor(self.covariances, dtype=torch.float64, device="cpu")
        variances, axes = torch.linalg.eigh(covariances)
        log_weights = torch.tensor(self.weights, dtype=torch.float64, device="cpu").log()
        means = torch.tensor(self.means, dtype=torch.float64, device="cpu")
        return _tensors(log_weights, means, variances, axes)

    @cached_property
    def _placed(self) -> dict[tuple[Any, Any], _Tensors]:
        """The same on the devices and in the dtypes that were asked for so far."""
        return {}

    def _tensors(self, like: Tensor) -> _Tensors:
        """The same on the device and in the dtype of a tensor."""
        key = like.device, like.dtype
        found = self._placed.get(key)
        if found is None:
            found = self._placed[key] = _tensors(*(onto(tensor, *key) for tensor in self._float64[:4]))
        return found

    def component_log_densities(self, x: Tensor, level: Level = CLEAN) -> Tensor:
        """log N(x; alpha mu_k, alpha^2 S_k + sigma^2 I), [batch, components]."""
        along, spread = self._along(x, level)
        return -((along**2 / spread).sum(-1) + (2 * math.pi * spread).log().sum(-1)) / 2

    def log_density(self, x: Tensor, level: Level = CLEAN) -> Tensor:
        """log p_t(x) in nats, [batch]."""
        return (self._tensors(x).log_weights + self.component_log_densities(x, level)).logsumexp(1)

    def class_log_probabilities(self, x: Tensor, level: Level = CLEAN) -> Tensor:
        """log p(k | x_t), [batch, components]."""
        return (self._tensors(x).log_weights + self.component_log_densities(x, level)).log_softmax(1)

    def score(self, x: Tensor, level: Level, component: int | None = None) -> Tensor:
        """grad log p_t(x), or that of one component."""
        along, spread = self._along(x, level)
        return self._turned_back(self._shares(x, along, spread, component)[..., None] * -along / spread).reshape(
            x.shape
        )

    def class_gradient(self, x: Tensor, level: Level, component: int) -> Tensor:
        """grad log p(component | x_t)."""
        return self.score(x, level, component) - self.score(x, level)

    def denoise(self, x: Tensor, level: Level, component: int | None = None) -> Tensor:
        """E[x_0 | x_t], or under one component; finite also where alpha is 0."""
        along, spread = self._along(x, level)
        known = self._tensors(x)
        shares = self._shares(x, along, spread, component)
        moved = self._turned_back(shares[..., None] * (level.alpha * known.variances / spread * along))
        return (shares @ known.means + moved).reshape(x.shape)

    def denoiser(self, component: int | None = None) -> Denoiser:
        """The exact denoiser of the mixture, or of one component."""

        def denoise(x: Tensor, level: Level) -> Tensor:
            return self.denoise(x, level, component)

        return denoise

    def _along(self, x: Tensor, level: Level) -> tuple[Tensor, Tensor]:
        """x - alpha mu_k along the axes of S_k, [batch, components, dimensions], and the level's variances there."""
        known = self._tensors(x)
        along = (x.reshape(len(x), -1) @ known.side_by_side).reshape(len(x), *known.means.shape)
        return along - level.alpha * known.means_along, level.alpha**2 * known.variances + level.sigma**2

    def _turned_back(self, along: Tensor) -> Tensor:
        """The sum over components of what lies along their axes, [batch, dimensions]."""
        return along.flatten(1) @ self._tensors(along).below

    def _shares(self, x: Tensor, along: Tensor, spread: Tensor, component: int | None) -> Tensor:
        """p(k | x_t), [batch, components], or all of it for one component."""
        import torch

        log_weights = self._tensors(x).log_weights
        if component is not None:
            return torch.eye(len(log_weights), dtype=x.dtype, device=x.device)[component].expand(len(x), -1)
        # torch's softmax wakes all threads, however few the numbers: for those of a plane it costs five times as much.
        logs = log_weights - ((along**2 / spread).sum(-1) + spread.log().sum(-1)) / 2
        shares = (logs - logs.amax(1, keepdim=True)).exp()
        return shares / shares.sum(1, keepdim=True)

    def sample(self, count: int, seed: int = 0) -> Tensor:
        """Draws from p_0, float64 [count, dimensions]."""
        import numpy
        import torch

        generator = numpy.random.default_rng(seed)
        chosen = torch.from_numpy(generator.choice(len(self.weights), count, p=self.weights))
        normal = torch.from_numpy(generator.standard_normal((count, self.dimensions)))
        known = self._float64
        return known.means[chosen] + _apply(known.axes[chosen], known.variances[chosen].sqrt() * normal)

    def flow(self, x: Tensor, here: Level, there: Level, steps: int = 1000) -> Tensor:
        """Where the probability flow takes x from one level to another: exact for a Gaussian, else by RK4.

        Runs on y = x / alpha over s = sigma / alpha, dy/ds = (y - E[x_0 | y]) / s; alpha and sigma are above 0.
        """
        y, start, end = x / here.alpha, here.ratio, there.ratio
        if len(self.weights) == 1:
            return there.alpha * self._gaussian_flow(y, start, end)

        def slope(y: Tensor, log_s: float) -> Tensor:
            return y - self.denoise(y, Level(0.0, 1.0, math.exp(log_s)))

        h, log_s = math.log(end / start) / steps, math.log(start)
        for index in range(steps):
            now = log_s + index * h
            first = slope(y, now)
            second = slope(y + h / 2 * first, now + h / 2)
            third = slope(y + h / 2 * second, now + h / 2)
            y = y + h / 6 * (first + 2 * second + 2 * third + slope(y + h * third, now + h))
        return there.alpha * y

    def _gaussian_flow(self, y: Tensor, start: float, end: float) -> Tensor:
        """Every axis of the Gaussian shrinks as its standard deviation does."""
        known = self._tensors(y)
        means, variances, axes = known.means[0], known.variances[0], known.axes[0]
        shrink = ((variances + end**2) / (variances + start**2)).sqrt()
        return (means + ((y.reshape(len(y), -1) - means) @ axes * shrink) @ axes.T).reshape(y.shape)


def _tensors(log_weights: Tensor, means: Tensor, variances: Tensor, axes: Tensor) -> _Tensors:
    side_by_side = axes.permute(1, 0, 2).reshape(means.shape[1], -1)
    below = axes.mT.reshape(-1, means.shape[1])
    return _Tensors(log_weights, means, variances, axes, side_by_side, below, _apply(axes.mT, means))


def _apply(matrices: Tensor, vectors: Tensor) -> Tensor:
    """Matrix times vector for each of a batch; a product and a sum, which for a few numbers beat `@` by far."""
    return (matrices * vectors[..., None, :]).sum(-1)


def three_clusters() -> Mixture:
    """Three stretched clusters in the plane, unevenly weighed: what the contracts ask samplers to draw."""
    return Mixture.of(
        [0.5, 0.3, 0.2],
        [[-1.0, -0.6], [0.9, -0.3], [0.1, 1.1]],
        [[[0.13, 0.06], [0.06, 0.06]], [[0.06, -0.02], [-0.02, 0.07]], [[0.04, 0.06], [0.06, 0.18]]],
    )
