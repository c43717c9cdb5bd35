"""Runs of a sampler outside the engine: what its contract looks at."""

from __future__ import annotations

import copy
import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..diffusion.brownian import brownian
from ..diffusion.denoiser import Denoiser
from ..diffusion.level import Level, Levels
from ..diffusion.noise import normal
from ..diffusion.sampler import Sampler, Step

if TYPE_CHECKING:
    from torch import Tensor


def step_of(levels: Levels, index: int, seeds: Sequence[int], like: Tensor) -> Step:
    """A step with the noise that the engine would hand it."""
    return Step(
        levels,
        index,
        noise=lambda draw=0: normal(seeds, like, "step", index, draw),
        path=lambda start, end: brownian(seeds, like, start, end),
    )


def walk(
    sampler: Sampler, denoiser: Denoiser, start: Tensor, levels: Levels, step_at: Callable[[int, Tensor], Step]
) -> Iterator[Any]:
    """The sampler's state at every level, the first being that of the start; a step may spoil the one before it."""
    state = sampler.init(start.clone())
    yield state
    for index in range(levels.steps):
        if sampler.finished is not None and sampler.finished(state):
            return
        state = sampler.step(denoiser, state, step_at(index, state.x))
        yield state


def states(sampler: Sampler, denoiser: Denoiser, start: Tensor, levels: Levels, seeds: Sequence[int]) -> list[Any]:
    """The states of a walk, each as it was before the next step: that a step works in place is a test of its own."""
    walked = walk(sampler, denoiser, start, levels, lambda index, x: step_of(levels, index, seeds, x))
    return [copy.deepcopy(state) for state in walked]


def result(sampler: Sampler, denoiser: Denoiser, start: Tensor, levels: Levels, seeds: Sequence[int] = ()) -> Tensor:
    """x at the last level; seeds are 0, 1, ... if not told."""
    seeds = seeds or range(len(start))
    return _last(walk(sampler, denoiser, start, levels, lambda index, x: step_of(levels, index, seeds, x)))


def many(sampler: Sampler, denoiser: Denoiser, start: Tensor, levels: Levels) -> Tensor:
    """As `result`, for thousands of points: one draw of noise for the whole batch."""
    return _last(walk(sampler, denoiser, start, levels, lambda index, x: _crowded(levels, index, x)))


def _last(walked: Iterator[Any]) -> Tensor:
    x: Tensor = deque(walked, maxlen=1)[0].x
    return x


def _crowded(levels: Levels, index: int, x: Tensor) -> Step:
    def noise(draw: int = 0) -> Tensor:
        return normal([0], x[None], "step", index, draw)[0]

    def drawn(start: float, end: float) -> Tensor:
        return math.sqrt(abs(end - start)) * normal([0], x[None], f"path {start!r} {end!r}")[0]

    reached: dict[float, tuple[float, Tensor]] = {}

    def path(start: float, end: float) -> Tensor:
        """Increments over intervals that do not meet are independent; from one start, they go on from one another."""
        middle, so_far = reached.get(start, (start, None))
        so_far = drawn(middle, end) if so_far is None else so_far + drawn(middle, end)
        reached[start] = end, so_far
        return so_far / math.sqrt(abs(end - start))

    return Step(levels, index, noise, path)


@dataclass
class Asked:
    """A denoiser that writes down what it was asked and what it answered."""

    denoiser: Denoiser
    levels: list[Level] = field(default_factory=list)
    inputs: list[tuple[Tensor, Tensor]] = field(default_factory=list)
    """Every x as it was handed in, and a copy of it made then."""
    answers: list[tuple[Tensor, Tensor]] = field(default_factory=list)

    def __call__(self, x: Tensor, level: Level) -> Tensor:
        answer = self.denoiser(x, level)
        self.levels.append(level)
        self.inputs.append((x, x.clone()))
        self.answers.append((answer, answer.clone()))
        return answer


def energy_distance(one: Tensor, other: Tensor) -> float:
    """2 E|X - Y| - E|X - X'| - E|Y - Y'| of two samples [n, dimensions]: 0 only for the same law (Szekely 2003)."""
    return 2 * _distances(one, other) / (len(one) * len(other)) - spread(one) - spread(other)


def spread(x: Tensor) -> float:
    """E|X - X'| of a sample [n, dimensions]."""
    return _distances(x, x) / (len(x) * (len(x) - 1))


def _distances(one: Tensor, other: Tensor) -> float:
    """The sum of all distances, a block at a time: the matrix of two large samples would not fit."""
    import torch

    return sum(float(torch.cdist(block, other).sum(dtype=torch.float64)) for block in one.split(1000))
