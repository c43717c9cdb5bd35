"""Gradient descent as a loop over an explicit state: pure steps, so that training stops and goes on anywhere."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, Protocol

import noisegraph as ng
import torch
from torch import Tensor, nn
from torch.func import functional_call

from .examples import Schedule, Trained

EXPLODED = 5.0
"""Times the loss before the first update: beyond, training has diverged and stops."""
UNLEARNED = 1.5
"""Times that loss: beyond, what was learned is worse than what it began with, which is told in the end."""
JUDGED = 64
"""Examples at least, of which a loss is the mean where it is held against another."""
FIRST_SCALE = 65536.0
"""By what the loss is multiplied in float16 until its gradients turn out too large (Micikevicius et al. 2018)."""


class State(NamedTuple):
    """All that training remembers; the parameters of the network lie in one vector."""

    parameters: Tensor
    average: Tensor
    """Exponential moving average of the parameters."""
    mean: Tensor
    """Adam's average of the gradient."""
    square: Tensor
    """Adam's average of the squared gradient."""
    updates: Tensor
    """How many there were, float32; in float16 those that were left out do not count."""
    scaling: Tensor
    """By what the loss is multiplied in float16, and how many updates ago that changed: float64 [2]."""
    untrained: Tensor
    """Mean loss of the first parameters on the first batches, []; 0 before the first step."""
    losses: Tensor
    """Mean loss of every step so far; nan at the end where training was stopped, the rest being as it was before."""


class Objective(Protocol):
    """The loss of `network`, a module's forward with some parameters, on the batch of an iteration.

    The batch is a function of the iteration alone; torch's own generator is seeded for each. Where gradients are
    accumulated, an update is of several iterations.
    """

    def __call__(self, network: Callable[..., Any], iteration: int, device: torch.device, /) -> Tensor: ...


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
    module = _skeleton(architecture, schedule.seed)

    def step(state: State, index: int) -> State:
        first = index * schedule.per_step
        iterations = range(first, min(first + schedule.per_step, schedule.iterations))
        if not len(state.losses):
            state = state._replace(untrained=_untrained(state.parameters, module, objective, schedule))
        return _kept(state, _train(state, iterations, module, objective, schedule), iterations, schedule)

    def averaged(state: State) -> Callable[..., Any]:
        return _network(_skeleton(architecture, schedule.seed).eval(), state.average)

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
    return ng.Loop(partial(_start, module), step, total, finish, done=_stopped, preview=see)


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


def named(module: nn.Module, vector: Tensor) -> dict[str, Tensor]:
    """The module's parameters by name, as views of the vector that holds them one after the other."""
    shapes = {name: parameter.shape for name, parameter in module.named_parameters()}
    parts = torch.split(vector, [shape.numel() for shape in shapes.values()])
    return {name: part.view(shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}


def _network(module: nn.Module, vector: Tensor) -> Callable[..., Any]:
    """The module's forward with the vector's parameters; those that are not to learn pass no gradient on."""
    learning = {name: one.requires_grad for name, one in module.named_parameters()}
    parameters = {name: one if learning[name] else one.detach() for name, one in named(module, vector).items()}

    def brought(value: Any) -> Any:
        return value.to(vector.device) if isinstance(value, Tensor) else value

    def network(*given: Any, **more: Any) -> Any:
        told = {name: brought(value) for name, value in more.items()}
        return functional_call(module, parameters, tuple(map(brought, given)), told)

    return network


def _skeleton(architecture: ng.Architecture, seed: int) -> nn.Module:
    """The module with its first parameters, made on the CPU so that they are the same for any device."""
    with torch.random.fork_rng(), torch.device("cpu"):
        torch.manual_seed(seed)
        return architecture.module().train()


def _start(module: nn.Module) -> State:
    first = nn.utils.parameters_to_vector(module.parameters()).detach().to(torch.get_default_device())
    scaling = torch.tensor([FIRST_SCALE, 0.0], dtype=torch.float64, device="cpu")
    mean, square = torch.zeros_like(first), torch.zeros_like(first)
    zero, losses = torch.zeros((), device="cpu"), torch.zeros(0, device="cpu")
    return State(first, first.clone(), mean, square, zero, scaling, zero, losses)


def _train(state: State, iterations: range, module: nn.Module, objective: Objective, schedule: Schedule) -> State:
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


def _untrained(parameters: Tensor, module: nn.Module, objective: Objective, schedule: Schedule) -> Tensor:
    """The mean loss of the first parameters on the batches of the first step, or on more where these are few: []."""
    parts = range(max(schedule.per_step * schedule.accumulate, math.ceil(JUDGED / schedule.batch)))
    return torch.stack([_loss(module, parameters, objective, schedule, part).detach() for part in parts]).mean().cpu()


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
        loss = _loss(module, vector, objective, schedule, part) / schedule.accumulate
        scaler.scale(loss).backward()
        total = total + loss.detach()
    return total


def _loss(module: nn.Module, vector: Tensor, objective: Objective, schedule: Schedule, iteration: int) -> Tensor:
    inner = getattr(torch, schedule.precision)
    half = torch.autocast(vector.device.type, inner, enabled=inner != torch.float32)
    with torch.random.fork_rng(), half:
        torch.manual_seed((schedule.seed + iteration * 0x9E3779B97F4A7C15) % 2**63)
        return objective(_network(module, vector), iteration, vector.device)


def _rate(schedule: Schedule, iteration: int) -> float:
    """Up in a line over the warmup, then down to zero as half a cosine (Loshchilov & Hutter 2017)."""
    falling = 0.5 + 0.5 * math.cos(math.pi * iteration / schedule.iterations)
    return schedule.learning_rate * min(1.0, (iteration + 1) / schedule.warmup) * falling
