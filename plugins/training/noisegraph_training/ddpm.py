"""Training with the simple loss as a loop over an explicit state: pure steps, so that it stops and goes on anywhere."""

from __future__ import annotations

import math
from functools import partial
from typing import NamedTuple

import noisegraph as ng
import torch
from torch import Tensor, nn
from torch.func import functional_call

from .batches import noisy_batch
from .examples import Examples, Settings, Trained
from .objective import simple_loss
from .preview import pictures


class State(NamedTuple):
    """All that training remembers; the parameters of the network lie in one vector."""

    parameters: Tensor
    average: Tensor
    """Exponential moving average of the parameters."""
    mean: Tensor
    """Adam's average of the gradient."""
    square: Tensor
    """Adam's average of the squared gradient."""
    losses: Tensor
    """Mean loss of every step so far."""


def loop(
    examples: Examples, architecture: ng.Architecture, process: ng.Process, settings: Settings
) -> ng.Loop[Trained]:
    """The loop that trains `architecture` on `examples`; a step is `settings.per_step` iterations."""
    examples = examples._replace(data=examples.data.cpu(), labels=examples.labels.cpu())
    module = _skeleton(architecture, settings.seed)
    levels = _levels(process, settings.levels)

    def step(state: State, index: int) -> State:
        first = index * settings.per_step
        last = min(first + settings.per_step, settings.iterations)
        return _train(state, range(first, last), module, examples, levels, settings)

    def finish(state: State) -> Trained:
        parameters = {name: value.clone() for name, value in named(module, state.average).items()}
        recent = state.losses[-math.ceil(len(state.losses) / 10) :]
        shape = tuple(examples.data.shape[1:])
        return Trained(
            parameters=parameters,
            loss=float(recent.mean()),
            settings=settings,
            process=process,
            shape=shape,
            classes=examples.classes,
            data=examples.name,
            data_licence=examples.licence,
        )

    def look(state: State) -> Tensor:
        model = partial(functional_call, _skeleton(architecture, settings.seed).eval(), named(module, state.average))
        return pictures(model, examples, process, settings.prediction)

    total = math.ceil(settings.iterations / settings.per_step)
    return ng.Loop(partial(_start, module), step, total, finish, preview=look)


def named(module: nn.Module, vector: Tensor) -> dict[str, Tensor]:
    """The module's parameters by name, as views of the vector that holds them one after the other."""
    shapes = {name: parameter.shape for name, parameter in module.named_parameters()}
    parts = torch.split(vector, [shape.numel() for shape in shapes.values()])
    return {name: part.view(shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}


def _skeleton(architecture: ng.Architecture, seed: int) -> nn.Module:
    """The module with its first parameters, made on the CPU so that they are the same for any device."""
    with torch.random.fork_rng(), torch.device("cpu"):
        torch.manual_seed(seed)
        return architecture.module().train()


def _levels(process: ng.Process, count: int) -> list[ng.Level]:
    """Levels evenly spaced from t_min to t_max; those of a discrete process with `count` levels are its own."""
    span = (process.t_max - process.t_min) / (count - 1)
    return [process.level(process.t_min + index * span) for index in range(count)]


def _start(module: nn.Module) -> State:
    first = nn.utils.parameters_to_vector(module.parameters()).detach().to(torch.get_default_device())
    return State(first, first.clone(), torch.zeros_like(first), torch.zeros_like(first), torch.zeros(0, device="cpu"))


def _train(
    state: State, iterations: range, module: nn.Module, examples: Examples, levels: list[ng.Level], settings: Settings
) -> State:
    vector = state.parameters.clone().requires_grad_()
    optimizer = torch.optim.Adam([vector])
    mean, square, average = state.mean.clone(), state.square.clone(), state.average.clone()
    updates = torch.tensor(float(iterations.start), device="cpu")
    optimizer.state[vector] = {"step": updates, "exp_avg": mean, "exp_avg_sq": square}
    losses = []
    for iteration in iterations:
        optimizer.param_groups[0]["lr"] = _rate(settings, iteration)
        optimizer.zero_grad()
        loss = _loss(module, vector, examples, levels, settings, iteration)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_([vector], 1.0)
        optimizer.step()
        average.lerp_(vector.detach(), 1 - min(settings.decay, (1 + iteration) / (10 + iteration)))
        losses.append(loss.detach())
    losses_so_far = torch.cat([state.losses, torch.stack(losses).mean().view(1).cpu()])
    if not losses_so_far[-1].isfinite():
        raise ng.NodeError(
            f"the loss is {losses_so_far[-1]:.3g} after {iterations.stop} iterations",
            "give a lower learning_rate; the step before is kept",
        )
    return State(vector.detach(), average, mean, square, losses_so_far)


def _loss(
    module: nn.Module, vector: Tensor, examples: Examples, levels: list[ng.Level], settings: Settings, iteration: int
) -> Tensor:
    batch = noisy_batch(examples, levels, settings.batch, settings.drop_label, settings.seed, iteration)
    batch = type(batch)(*(value.to(vector.device) for value in batch))
    with torch.random.fork_rng():
        torch.manual_seed((settings.seed + iteration * 0x9E3779B97F4A7C15) % 2**63)
        output = functional_call(module, named(module, vector), (batch.x, batch.t), {"y": batch.labels})
    return simple_loss(output, batch, settings.prediction)


def _rate(settings: Settings, iteration: int) -> float:
    """Up in a line over the warmup, then down to zero as half a cosine (Loshchilov & Hutter 2017)."""
    falling = 0.5 + 0.5 * math.cos(math.pi * iteration / settings.iterations)
    return settings.learning_rate * min(1.0, (iteration + 1) / settings.warmup) * falling
