"""Updates of the parameters, whose batches are a function of the iteration alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from .examples import Schedule
from .state import State, network_with


class Objective(Protocol):
    """The loss of `network`, a module's forward with some parameters, on the batch of an iteration.

    The batch is a function of the iteration alone; torch's own generator is seeded for each. Where gradients are
    accumulated, an update is of several iterations.
    """

    def __call__(self, network: Callable[..., Any], iteration: int, device: torch.device, /) -> Tensor: ...


def updated(state: State, iterations: range, module: nn.Module, objective: Objective, schedule: Schedule) -> State:
    """What torch's Adam makes of a state in some iterations (Kingma & Ba 2015)."""
    vector = state.parameters.clone().requires_grad_()
    optimizer = torch.optim.Adam([vector])
    mean, square, average = state.mean.clone(), state.square.clone(), state.average.clone()
    updates = state.updates.clone()
    optimizer.state[vector] = {"step": updates, "exp_avg": mean, "exp_avg_sq": square}
    scaler = _scaler(state.scaling, vector.device, schedule)
    losses = []
    for iteration in iterations:
        optimizer.param_groups[0]["lr"] = _rate(schedule, iteration)
        optimizer.zero_grad()
        loss = _accumulated(module, vector, objective, schedule, iteration, scaler)
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_([vector], 1.0)
        scaler.step(optimizer)
        scaler.update()
        average.lerp_(vector.detach(), 1 - min(schedule.decay, (1 + iteration) / (10 + iteration)))
        losses.append(loss)
    return state._replace(
        parameters=vector.detach(),
        average=average,
        mean=mean,
        square=square,
        updates=updates,
        scaling=_scaling(scaler, state.scaling),
        losses=torch.cat([state.losses, torch.stack(losses).mean().view(1).cpu()]),
    )


def _scaler(scaling: Tensor, device: torch.device, schedule: Schedule) -> torch.amp.GradScaler:
    """What scales the loss in float16, as it was left; otherwise it does nothing."""
    scaler = torch.amp.GradScaler(device.type, enabled=schedule.precision == "float16")
    scale, unchanged = scaling.tolist()
    scaler.load_state_dict({**scaler.state_dict(), "scale": scale, "_growth_tracker": int(unchanged)})
    return scaler


def _scaling(scaler: torch.amp.GradScaler, before: Tensor) -> Tensor:
    """How it is left."""
    now = scaler.state_dict()
    if not now:
        return before
    return torch.tensor([now["scale"], now["_growth_tracker"]], dtype=torch.float64, device="cpu")


def _accumulated(
    module: nn.Module,
    vector: Tensor,
    objective: Objective,
    schedule: Schedule,
    iteration: int,
    scaler: torch.amp.GradScaler,
) -> Tensor:
    """The mean loss of as many batches as an update has; their mean gradient, scaled, is added to the vector's."""
    first = iteration * schedule.accumulate
    total = torch.zeros((), device=vector.device)
    for part in range(first, first + schedule.accumulate):
        loss = loss_at(module, vector, objective, schedule, part) / schedule.accumulate
        scaler.scale(loss).backward()
        total = total + loss.detach()
    return total


def loss_at(module: nn.Module, vector: Tensor, objective: Objective, schedule: Schedule, part: int) -> Tensor:
    """The loss of the vector's parameters on one batch, in the schedule's precision: []."""
    inner = getattr(torch, schedule.precision)
    half = torch.autocast(vector.device.type, inner, enabled=inner != torch.float32)
    with torch.random.fork_rng(), half:
        torch.manual_seed((schedule.seed + part * 0x9E3779B97F4A7C15) % 2**63)
        return objective(network_with(module, vector), part, vector.device)


def _rate(schedule: Schedule, iteration: int) -> float:
    """Up in a line over the warmup, then down to zero as half a cosine (Loshchilov & Hutter 2017)."""
    falling = 0.5 + 0.5 * math.cos(math.pi * iteration / schedule.iterations)
    return schedule.learning_rate * min(1.0, (iteration + 1) / schedule.warmup) * falling
