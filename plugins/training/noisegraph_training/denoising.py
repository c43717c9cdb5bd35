"""Training a denoiser, told whatever goes with each example: a label, words, an embedding, nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, is_dataclass
from typing import Any, NamedTuple

import noisegraph as ng
import torch
from numpy.random import Generator
from torch import Tensor

from .batches import Batch, noisy_batch, random_of
from .descent import descend
from .examples import Goal, Schedule, Trained
from .objective import loss_of

Network = Callable[..., Any]
Look = Callable[[Network], Tensor | None]
BATCHES = 8
"""Of 64 noisy examples, on which a trained network's loss is measured."""
Told = Callable[[Batch, Generator], dict[str, Tensor]]
"""What the network is told beside a batch, by name, from that and from random numbers of its own."""


class Seen(NamedTuple):
    """Examples [examples, ...], and what the network is told beside them."""

    data: Tensor
    told: Told


def loop(
    data: Tensor,
    told: Told,
    architecture: ng.Architecture,
    process: ng.Process,
    schedule: Schedule,
    goal: Goal,
    facts: Mapping[str, Any],
    look: Look | None = None,
    held_out: Seen | None = None,
) -> ng.Loop[Trained]:
    """The loop that trains `architecture` on `data` [examples, ...].

    facts: what the card says of the data, and of the parameters that are not of `schedule`.
    held_out: examples for the card's figures
    """
    data = data.cpu()
    levels = spread(process, goal.levels)
    loss = loss_of(goal.loss, goal.prediction, levels)

    def objective(network: Network, iteration: int, device: torch.device) -> Tensor:
        batch = noisy_batch(data, levels, schedule.batch, goal.drop, schedule.seed, iteration)
        random = random_of(schedule.seed, iteration, draw=1)
        condition = {name: value.to(device) for name, value in told(batch, random).items()}
        batch = batch.on(device)
        return loss(asked(network, batch, condition, goal), batch)

    def judged(network: Network, seen: Seen) -> float:
        """The loss without dropped conditions, on the same noise for any examples."""
        found = 0.0
        for part in range(BATCHES):
            batch = noisy_batch(seen.data, levels, 64, 0.0, schedule.seed, part)
            condition = seen.told(batch, random_of(schedule.seed, part, draw=1))
            found += float(loss(asked(network, batch, condition, goal).cpu(), batch))
        return round(found / BATCHES, 6)

    def verdict(network: Network) -> dict[str, Any]:
        card = carded(facts, data, process, schedule, goal)
        if held_out is None:
            return card
        apart = held_out._replace(data=held_out.data.cpu())
        return {**card, "loss_seen": judged(network, Seen(data, told)), "loss_held_out": judged(network, apart)}

    return descend(architecture, schedule, objective, verdict, look)


def asked(network: Network, batch: Batch, condition: Mapping[str, Tensor], goal: Goal) -> Tensor:
    """What the network puts out for a batch; raises NodeError where it does not fit what it is to learn from."""
    channels, *sides = batch.x.shape[1:]
    conditions = "".join(f", '{name}' {list(value.shape[1:])}" for name, value in condition.items())
    given = f"data {[channels, *sides]}{conditions}"
    try:
        output: Tensor = network(batch.x, batch.t, **condition)
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, TypeError, ValueError) as error:
        told = f"the network does not take {given}: {str(error).splitlines()[0]}"
        raise ng.NodeError(told, "give the architecture the channels and the conditions that these have") from error
    wanted = [channels * (1 + goal.learned_variance), *sides]
    if list(output.shape[1:]) != wanted:
        told = f"the network puts out {list(output.shape[1:])} for {given}"
        raise ng.NodeError(told, f"give it out_channels to put out {wanted}")
    return output


def looked_up(table: Mapping[str, Tensor]) -> Told:
    """Conditions that lie in a table: one an example, and the empty one after the last, [examples + 1, ...]."""
    table = {name: value.cpu() for name, value in table.items()}
    return lambda batch, random: {name: value[batch.rows] for name, value in table.items()}


def carded(
    facts: Mapping[str, Any], data: Tensor, process: ng.Process, schedule: Schedule, goal: Goal
) -> dict[str, Any]:
    """What a card says of a denoiser: its data, what its output means, and how it was trained."""
    training = {"loss": goal.loss, "levels": goal.levels, "drop": goal.drop, **asdict(schedule)}
    return {
        **facts,
        "shape": list(data.shape[1:]),
        "prediction": goal.prediction,
        "learned_variance": goal.learned_variance,
        "process": described(process),
        "training": training,
    }


def spread(process: ng.Process, count: int) -> list[ng.Level]:
    """Levels evenly spaced from t_min to t_max; those of a discrete process with `count` levels are its own."""
    span = (process.t_max - process.t_min) / (count - 1)
    return [process.level(process.t_min + index * span) for index in range(count)]


def described(process: ng.Process) -> dict[str, Any]:
    """The process as plain data: the name of its class and its fields."""
    if not is_dataclass(process):
        raise ng.NodeError(f"{process!r} cannot be written in a card", "train with a process that is a dataclass")
    return {"kind": type(process).__name__, **asdict(process)}
