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
    path = _Onward(start)
    return _last(walk(sampler, denoiser, start, levels, lambda index, x: _crowded(levels, index, x, path)))


def _last(walked: Iterator[Any]) -> Tensor:
    x: Tensor = deque(walked, maxlen=1)[0].x
    return x


def _crowded(levels: Levels, index: int, x: Tensor, path: _Onward) -> Step:
    return Step(levels, index, lambda draw=0: normal([0], x[None], "step", index, draw)[0], path)


class _Onward:
    """A Brownian motion that is asked onwards only: from a start to ever later ends, then from a later start."""

    def __init__(self, like: Tensor) -> None:
        self._like = like
        self._start, self._end, self._reached = math.nan, math.nan, like * 0

    def __call__(self, start: float, end: float) -> Tensor:
        if start != self._start:
            self._start, self._end, self._reached = start, start, self._like * 0
        drawn = normal([0], self._like[None], f"path {self._end!r} {end!r}")[0]
        self._reached = self._reached + math.sqrt(abs(end - self._end)) * drawn
        self._end = end
        return self._reached / math.sqrt(abs(end - start))


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

    return sum(float(torch.cdist(block, other).sum(dtype=torch.float64)) for block in one.split(100))
