"""Gradient descent as a loop over an explicit state: pure steps, so that training stops and goes on anywhere."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import noisegraph as ng
import torch
from torch import Tensor, nn

from .examples import Schedule, Trained
from .state import State, begun, named, network_with, skeleton
from .updates import Objective, loss_at, updated

EXPLODED = 5.0
"""Times the loss before the first update: beyond, training has diverged and stops."""
UNLEARNED = 1.5
"""Times that loss: beyond, what was learned is worse than what it began with, which is told in the end."""
JUDGED = 64
"""Examples at least, of which a loss is the mean where it is held against another."""


class Verdict(Protocol):
    """What a card says of a trained network, asked with its averaged parameters, in eval mode, without gradients."""

    def __call__(self, network: Callable[..., Any], /) -> dict[str, Any]: ...


def descend(
    architecture: ng.Architecture,
    schedule: Schedule,
    objective: Objective,
    verdict: Verdict,
    look: Callable[[Callable[..., Any]], Tensor | None] | None = None,
) -> ng.Loop[Trained]:
    """The loop that trains `architecture`; a step is `schedule.per_step` iterations, `look` makes previews."""
    module = skeleton(architecture, schedule.seed)

    def step(state: State, index: int) -> State:
        first = index * schedule.per_step
        iterations = range(first, min(first + schedule.per_step, schedule.iterations))
        if not len(state.losses):
            state = state._replace(untrained=_untrained(state.parameters, module, objective, schedule))
        return _kept(state, updated(state, iterations, module, objective, schedule), iterations, schedule)

    def averaged(state: State) -> Callable[..., Any]:
        return network_with(skeleton(architecture, schedule.seed).eval(), state.average)

    def finish(state: State) -> Trained:
        parameters = {name: value.clone() for name, value in named(module, state.average).items()}
        losses = state.losses[state.losses.isfinite()]
        loss = float(losses[-math.ceil(len(losses) / 10) :].mean())
        told = {"stopped": f"diverged after {len(losses) * schedule.per_step} iterations"} if _stopped(state) else {}
        with torch.no_grad():
            return Trained(parameters, loss, {**verdict(averaged(state)), **told, **_worse(loss, state)})

    def preview(state: State) -> Tensor | None:
        assert look is not None
        with torch.no_grad():
            return look(averaged(state))

    total = math.ceil(schedule.iterations / schedule.per_step)
    see = None if look is None else preview
    return ng.Loop(partial(begun, module), step, total, finish, done=_stopped, preview=see)


def _stopped(state: State) -> bool:
    """Whether training has diverged and the state is the last good one."""
    return len(state.losses) > 0 and not bool(state.losses[-1].isfinite())


def _worse(loss: float, state: State) -> dict[str, str]:
    """What a card says of training that ends far above the loss that it began with; a warning too."""
    start = float(state.untrained)
    if not 0 < UNLEARNED * start < loss:
        return {}
    told = f"the loss is {loss:.3g}, {start:.3g} before training"
    logging.getLogger(__name__).warning("%s: what it knew is lost; give a lower learning_rate", told)
    return {"unlearned": told}


def _kept(before: State, after: State, iterations: range, schedule: Schedule) -> State:
    """What a step has led to, or where training diverges what was before it; raises NodeError where that is nothing."""
    recent = after.losses[-math.ceil(JUDGED / (schedule.batch * schedule.accumulate * schedule.per_step)) :]
    loss, start = float(recent.mean()), float(after.untrained)
    if math.isfinite(loss) and not 0 < EXPLODED * start < loss:
        return after
    told = f"the loss is {loss:.3g} after {iterations.stop} iterations, {start:.3g} before any"
    hint = "give a lower learning_rate"
    if not len(before.losses):
        raise ng.NodeError(told, hint)
    kept = f"training stops, and the weights after {iterations.start} are kept"
    logging.getLogger(__name__).warning("%s: %s; %s", told, kept, hint)
    return before._replace(losses=torch.cat([before.losses, torch.full((1,), math.nan, device="cpu")]))


def _untrained(parameters: Tensor, module: nn.Module, objective: Objective, schedule: Schedule) -> Tensor:
    """The mean loss of the first parameters on the batches of the first step, or on more where these are few: []."""
    parts = range(max(schedule.per_step * schedule.accumulate, math.ceil(JUDGED / schedule.batch)))
    return torch.stack([loss_at(module, parameters, objective, schedule, part).detach() for part in parts]).mean().cpu()
