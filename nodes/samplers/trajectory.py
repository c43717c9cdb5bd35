"""A walk that keeps all its states, to look at."""

from __future__ import annotations

from typing import Any, NamedTuple

import noisegraph as ng


class Trajectory(NamedTuple):
    """x at every step of a walk, [steps + 1, batch, ...], and the levels that were walked."""

    states: ng.Tensor
    levels: ng.Levels


class Kept(NamedTuple):
    """The walk's own state, and x at every step so far."""

    walk: Any
    states: ng.Tensor


def kept(walk: ng.Loop[ng.Latent], levels: ng.Levels) -> ng.Loop[Trajectory]:
    """The same loop, its state holding every x that it had."""
    done, preview = walk.done, walk.preview

    def start() -> Kept:
        begun = walk.start()
        return Kept(begun, begun.state.x[None])

    def step(before: Kept, index: int) -> Kept:
        import torch

        after = walk.step(before.walk, index)
        return Kept(after, torch.cat([before.states, after.state.x[None]]))

    def finish(state: Kept) -> Trajectory:
        walk.finish(state.walk)
        return Trajectory(state.states, levels)

    return ng.Loop(
        start,
        step,
        walk.total,
        finish,
        reads=walk.reads,
        begins=walk.begins,
        done=None if done is None else lambda state: done(state.walk),
        preview=None if preview is None else lambda state: preview(state.walk),
    )


def predictions(denoiser: ng.Denoiser, trajectory: Trajectory, count: int) -> ng.Loop[ng.Latent]:
    """A loop over `count` of the walk's noisy levels, evenly spaced from the first to the last."""
    states, levels = trajectory
    if len(states) != len(levels):
        raise ng.NodeError("the sampler chose its levels itself", "take a sampler that walks the levels it is given")
    last = max(index for index, level in enumerate(levels) if level.sigma > 0)
    chosen = [round(place * last / max(count - 1, 1)) for place in range(count)]

    def step(found: ng.Tensor, number: int) -> ng.Tensor:
        import torch

        index = chosen[number]
        with torch.no_grad():
            clean = denoiser(states[index], levels[index])
        return torch.cat([found, clean[:, None]], 1)

    def start() -> ng.Tensor:
        return states.new_zeros(states.shape[1], 0, *states.shape[2:])

    return ng.Loop(start, step, count, lambda found: ng.Latent(found.flatten(0, 1)))
