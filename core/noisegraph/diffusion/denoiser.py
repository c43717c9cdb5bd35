"""What a denoiser is, and how several that share a network are asked at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from .level import Level
from .network import Network, check_batch
from .onto import onto
from .prediction import Predicted, to_eps

if TYPE_CHECKING:
    from torch import Tensor


@runtime_checkable
class Denoiser(Protocol):
    """E[x_0 | x_t]: from the state x [batch, ...] at a level to the expected data, same shape and dtype.

    A plain function is one. A denoiser that acts on a part of the levels only also has
    `at(level) -> Denoiser`, which says who acts there.
    """

    def __call__(self, x: Tensor, level: Level, /) -> Tensor: ...


def predict(denoiser: Denoiser, x: Tensor, level: Level) -> Predicted:
    """x0 and, where the denoiser has one, the learned variance (Nichol & Dhariwal 2021, eq. 15)."""
    both = getattr(denoiser, "predict", None)
    return both(x, level) if both is not None else Predicted(denoiser(x, level))


def eps(denoiser: Denoiser, x: Tensor, level: Level) -> Tensor:
    """The predicted noise, [batch, ...]; sigma > 0."""
    return to_eps(denoiser(x, level), x, level)


def score(denoiser: Denoiser, x: Tensor, level: Level) -> Tensor:
    """The score, grad log p_t(x) = -eps / sigma; sigma > 0."""
    return -eps(denoiser, x, level) / level.sigma


def v(denoiser: Denoiser, x: Tensor, level: Level) -> Tensor:
    """The velocity alpha eps - sigma x0 (Salimans & Ho 2022); sigma > 0."""
    x0 = denoiser(x, level)
    return level.alpha * to_eps(x0, x, level) - level.sigma * x0


@dataclass(frozen=True, eq=False)
class Conditioned:
    """A network under one condition, as a denoiser; the condition's tensors are [1 or batch, ...]."""

    network: Network
    condition: Mapping[str, Tensor] = field(default_factory=dict)

    def __call__(self, x: Tensor, level: Level) -> Tensor:
        return self.predict(x, level).x0

    def predict(self, x: Tensor, level: Level) -> Predicted:
        """x0 and the learned variance, if the network has one."""
        return self.network.predict(x, level, self.condition)


def together(denoisers: Sequence[Denoiser], x: Tensor, level: Level) -> list[Tensor]:
    """Each denoiser's x0 at (x, level), in order; those that share a network are asked in one batch."""
    return [found.x0 for found in predict_together(denoisers, x, level)]


def predict_together(denoisers: Sequence[Denoiser], x: Tensor, level: Level) -> list[Predicted]:
    """As `together`, with the learned variance of those that have one; one that is named twice is asked once."""
    acting = [at(one, level) for one in denoisers]
    answers: dict[int, Predicted] = {}
    for group in _groups(acting, len(x)):
        several = list({id(acting[index]): acting[index] for index in group}.values())
        found = _predict_group(several, x, level)
        by_id = {id(one): answer for one, answer in zip(several, found, strict=True)}
        answers.update({index: by_id[id(acting[index])] for index in group})
    return [answers[index] for index in range(len(acting))]


def _predict_group(group: list[Denoiser], x: Tensor, level: Level) -> list[Predicted]:
    """The answers of one denoiser, or of several conditions of one network in a batch."""
    import torch

    if len(group) == 1:
        return [predict(group[0], x, level)]
    network, conditions = _shared(group)
    for condition in conditions:
        check_batch(condition, len(x))
    joined = {name: torch.cat([_batch(condition[name], x) for condition in conditions]) for name in conditions[0]}
    x0, variance, _ = network.predict(torch.cat([x] * len(group)), level, joined)
    variances = [None] * len(group) if variance is None else variance.chunk(len(group))
    return [Predicted(*pair) for pair in zip(x0.chunk(len(group)), variances, strict=True)]


def _shared(group: list[Denoiser]) -> tuple[Network, list[Mapping[str, Tensor]]]:
    conditioned = [one for one in group if isinstance(one, Conditioned)]
    return conditioned[0].network, [one.condition for one in conditioned]


def _groups(denoisers: Sequence[Denoiser], batch: int) -> list[list[int]]:
    groups: dict[object, list[int]] = {}
    for index, one in enumerate(denoisers):
        key: object = id(one)
        if isinstance(one, Conditioned):
            shapes = tuple((name, tuple(value.shape[1:])) for name, value in sorted(one.condition.items()))
            key = (one.network, shapes)
        groups.setdefault(key, []).append(index)
    return list(groups.values())


def _batch(condition: Tensor, x: Tensor) -> Tensor:
    """One condition an item, on the device of x: what the cache gives lies on the CPU, what was just made may not."""
    expanded = condition.expand(len(x), *condition.shape[1:]) if condition.shape[0] == 1 else condition
    return onto(expanded, x.device)


def at(denoiser: Denoiser, level: Level) -> Denoiser:
    """The denoiser that acts at a level: the one itself, unless it hands parts of the levels to others."""
    inner = getattr(denoiser, "at", None)
    return at(inner(level), level) if inner is not None else denoiser


@dataclass(frozen=True, eq=False)
class Pieces:
    """Denoisers in turn: the first acts at noisy levels, the next from the log-SNR `bounds[0]` on, and so on."""

    denoisers: tuple[Denoiser, ...]
    bounds: tuple[float, ...]

    def at(self, level: Level) -> Denoiser:
        """The denoiser of the piece that holds the level; a bound belongs to the piece after it."""
        return self.denoisers[sum(level.log_snr >= bound for bound in self.bounds)]

    def __call__(self, x: Tensor, level: Level) -> Tensor:
        return self.at(level)(x, level)

    def predict(self, x: Tensor, level: Level) -> Predicted:
        """x0 and the learned variance of whoever acts at the level."""
        return predict(self.at(level), x, level)


def acting(denoiser: Denoiser, here: Level, there: Level) -> tuple[Denoiser, ...]:
    """Every denoiser that acts somewhere from `here` to `there`, both included, in order of rising log-SNR."""
    if isinstance(denoiser, Pieces):
        low, high = sorted((here.log_snr, there.log_snr))
        edges = [-float("inf"), *denoiser.bounds, float("inf")]
        inside = [
            one
            for one, start, end in zip(denoiser.denoisers, edges[:-1], edges[1:], strict=True)
            if (start <= high and low < end) or low == start
        ]
        return tuple(found for one in inside for found in acting(one, here, there))
    if hasattr(denoiser, "at"):
        return tuple({id(one): one for one in (at(denoiser, here), at(denoiser, there), denoiser)}.values())
    return (denoiser,)
