"""A sampler, a denoiser and levels as a loop: every step is a state of its own, checked, seeded and previewed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import astuple, is_dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import noisegraph as ng

from .preview import picture

Seeds = int | Sequence[int]


NEVER = 1 << 62
"""The number of a step that no walk has."""


class Walk(NamedTuple):
    """The sampler's own state, and the data that was predicted last, [batch, ...]."""

    state: Any
    x0: ng.Tensor | None = None
    broken: ng.Tensor | None = None
    """The first step after which x was not finite, or NEVER, as a number on a device that it is costly to look at."""


class Stepped(NamedTuple):
    """x after a step, the data predicted in it, and what the sampler remembers."""

    x: ng.Latent
    x0: ng.Latent | None
    state: Any


def walk(
    sampler: ng.Sampler,
    denoiser: ng.Denoiser,
    noise: ng.Latent,
    levels: ng.Levels,
    seed: Seeds,
    shown: Callable[[ng.Tensor], ng.Tensor | None] = picture,
) -> ng.Loop[ng.Latent]:
    """The loop over all steps; touches neither the denoiser nor the noise before it runs.

    `shown`: from predicted data to the picture that is its preview.
    """
    check_levels(sampler, levels)
    place = _plain(levels.process)

    def start() -> Walk:
        _seeds(seed, noise)
        return Walk(sampler.init(noise))

    def finish(state: Walk) -> ng.Latent:
        if state.broken is not None and (index := int(state.broken)) != NEVER:
            raise _not_finite(levels, index)
        return ng.Latent(state.state.x)

    def reads(index: int) -> tuple[Any, ...]:
        here, there = levels[index], levels[index + 1]
        asked = sampler.asks(here, there) if sampler.asks else (here, there)
        if sampler.finished is not None:  # it paces itself between the two ends
            here, there = asked = levels[0], levels[-1]
        seeds = (seed,) if sampler.noisy else ()
        return (sampler, place, here, there, index, levels.steps, *seeds, *ng.acting(denoiser, *asked))

    finished = sampler.finished
    return ng.Loop(
        start,
        lambda state, index: advance(sampler, denoiser, levels, seed, state, index),
        levels.steps,
        finish,
        reads=reads,
        begins=(sampler, noise),
        done=None if finished is None else lambda state: finished(state.state),
        preview=lambda state: shown(state.x0 if state.x0 is not None else state.state.x),
    )


def walk_one(
    sampler: ng.Sampler,
    denoiser: ng.Denoiser,
    levels: ng.Levels,
    noise: ng.Latent | None,
    before: Stepped | None,
    index: int,
    seed: Seeds,
) -> Stepped:
    """A single step, from the noise or from the step before it."""
    check_levels(sampler, levels)
    if index >= levels.steps:
        raise ng.NodeError(f"there is no step {index} of {levels.steps}", f"steps are 0 to {levels.steps - 1}")
    if before is not None and noise is None:
        begun = Walk(before.state, before.x0)
    elif noise is not None and before is None:
        begun = Walk(sampler.init(noise))
    else:
        raise ng.NodeError("a step wants either noise or the step before", "wire one of the two")
    state, x0, broken = advance(sampler, denoiser, levels, seed, begun, index)
    if broken is not None and int(broken) != NEVER:
        raise _not_finite(levels, index)
    return Stepped(ng.Latent(state.x), None if x0 is None else ng.Latent(x0), state)


def advance(
    sampler: ng.Sampler, denoiser: ng.Denoiser, levels: ng.Levels, seed: Seeds, before: Walk, index: int
) -> Walk:
    """The state after step `index`; where looking is free, the step is checked for NaN at once."""
    begun = moved(before.state, ng.device())
    x = begun.x
    seeds = _seeds(seed, x)
    seen = Seen(denoiser)
    step = ng.Step(
        levels,
        index,
        noise=lambda draw=0: ng.normal(seeds, x, "step", index, draw),
        path=lambda start, end: ng.brownian(seeds, x, start, end),
    )
    after = sampler.step(seen, begun, step)
    broken = _broken(after.x, index)
    if free_to_look(after.x):
        if int(broken) != NEVER:
            raise _not_finite(levels, index)
        return Walk(after, before.x0 if seen.x0 is None else seen.x0)
    first = broken if before.broken is None else before.broken.minimum(broken)
    return Walk(after, before.x0 if seen.x0 is None else seen.x0, first)


def moved(state: Any, device: Any) -> Any:
    """The state on a device: one that was stored lies on the CPU, and would be moved for every question."""
    import torch

    if isinstance(state, torch.Tensor):
        return ng.onto(state, device)
    if isinstance(state, tuple) and hasattr(state, "_fields"):
        return type(state)(*(moved(part, device) for part in state))
    return state


class Seen:
    """A denoiser that keeps its last answer, for the step's preview."""

    def __init__(self, denoiser: ng.Denoiser) -> None:
        self.denoiser = denoiser
        self.x0: ng.Tensor | None = None

    def at(self, level: ng.Level) -> ng.Denoiser:
        """Whoever acts at the level."""
        return ng.at(self.denoiser, level)

    def predict(self, x: ng.Tensor, level: ng.Level) -> ng.Predicted:
        """The denoiser's answer, with its learned variance."""
        predicted = ng.predict(self.denoiser, x, level)
        self.x0 = predicted.x0
        return predicted

    def __call__(self, x: ng.Tensor, level: ng.Level) -> ng.Tensor:
        self.x0 = self.denoiser(x, level)
        return self.x0


def check_levels(sampler: ng.Sampler, levels: ng.Levels) -> None:
    """Raise NodeError for levels without a step, or that do not go the sampler's way."""
    if levels.steps < 1:
        raise ng.NodeError("the levels hold no step", "give at least two levels")
    if sampler.walks == "both":
        return
    verb, way = ("rise", "data to noise") if sampler.walks == "up" else ("fall", "noise to data")
    sign = -1 if sampler.walks == "up" else 1
    for index, (here, there) in enumerate(pairwise(levels)):
        if not sign * here.log_snr < sign * there.log_snr:
            raise ng.NodeError(
                f"the noise does not {verb} in step {index + 1}: from {_told(here)} to {_told(there)}",
                f"this sampler walks from {way}; turn the levels round or thin them out",
            )


def free_to_look(x: ng.Tensor) -> bool:
    """Whether a number of x can be read without waiting for a GPU."""
    return x.device.type == "cpu"


def _broken(x: ng.Tensor, index: int) -> ng.Tensor:
    """The index where x holds NaN or infinity, else NEVER; on the device of x."""
    import torch

    return torch.where(torch.isfinite(x).all(), NEVER, index)


def _not_finite(levels: ng.Levels, index: int) -> ng.NodeError:
    here, there = levels[index], levels[index + 1]
    return ng.NodeError(
        f"the state became NaN or infinite in step {index + 1} of {levels.steps}, from {_told(here)} to {_told(there)}",
        "if it runs in half precision, try float32; else take more steps or another sampler",
    )


def _seeds(seed: Seeds, x: ng.Tensor) -> tuple[int, ...]:
    seeds = ng.seeds_from(seed, len(x))
    if len(seeds) != len(x):
        raise ng.NodeError(f"{len(seeds)} seeds for a batch of {len(x)}", "give one seed an image")
    return seeds


def _told(level: ng.Level) -> str:
    return f"t={level.t:g} (alpha {level.alpha:.4g}, sigma {level.sigma:.4g})"


def _plain(process: ng.Process) -> Any:
    """The process as plain data where it is a frozen dataclass, so that equal ones are told apart by value."""
    if is_dataclass(process) and not isinstance(process, type):
        return (f"{type(process).__module__}.{type(process).__qualname__}", *astuple(process))
    return process
