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
