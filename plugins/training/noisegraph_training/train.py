"""Nodes that train a network and make a weights file of what was learned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, is_dataclass
from typing import Annotated, Any

import noisegraph as ng
from pydantic import Field

from .examples import Examples, Settings, Trained


@ng.node
def ddpm(
    examples: Examples,
    architecture: ng.Architecture,
    process: ng.Process,
    *,
    prediction: ng.Prediction = "eps",
    iterations: Annotated[int, Field(ge=1)] = 8000,
    batch: Annotated[int, Field(ge=1)] = 64,
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3,
    warmup: Annotated[int, Field(ge=1)] = 200,
    decay: Annotated[float, Field(ge=0, lt=1)] = 0.999,
    drop_label: Annotated[float, Field(ge=0, le=1)] = 0.1,
    levels: Annotated[int, Field(ge=2)] = 1000,
    per_step: Annotated[int, Field(ge=1)] = 50,
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0,
) -> ng.Loop[Trained]:
    """Train a class-conditional denoiser with the simple loss (Ho et al. 2020).

    prediction: what the network learns to put out
    iterations: updates of the parameters in all; the learning rate falls to zero over them as a cosine
    batch: examples an iteration
    learning_rate: the highest, of Adam
    warmup: iterations over which the learning rate rises to it
    decay: of the moving average of the parameters, which is what the node gives
    drop_label: how often a label is the empty one, for classifier-free guidance (Ho & Salimans 2022)
    levels: how many noise levels, evenly spaced in time
    per_step: iterations in one step of the loop; a killed run goes on after the last stored step
    seed: of the first parameters, the batches, the noise and the dropout
    """
    from .ddpm import loop

    settings = Settings(
        prediction=prediction,
        iterations=iterations,
        batch=batch,
        learning_rate=learning_rate,
        warmup=warmup,
        decay=decay,
        drop_label=drop_label,
        levels=levels,
        per_step=per_step,
        seed=seed,
    )
    return loop(examples, architecture, process, settings)


@ng.node(device=False)
def weights(
    trained: Trained, architecture: ng.Architecture, *, purpose: str, licence: str, graph: str
) -> ng.WeightsFile:
    """What was learned as a weights file with a card.

    purpose: what the network does, in a sentence
    licence: under which the weights may be used
    graph: the graph that makes them
    """
    card = {
        "about": purpose,
        "licence": licence,
        "graph": graph,
        "data": trained.data,
        "data_licence": trained.data_licence,
        "classes": trained.classes,
        "shape": list(trained.shape),
        "prediction": trained.settings.prediction,
        "process": described(trained.process),
        "network": dict(architecture.config),
        "parameters": sum(value.numel() for value in trained.parameters.values()),
        "training": trained.settings._asdict(),
        "loss": round(trained.loss, 6),
    }
    return ng.WeightsFile({name: value.cpu().contiguous() for name, value in trained.parameters.items()}, card)


def described(process: ng.Process) -> dict[str, Any]:
    """The process as plain data: the name of its class and its fields."""
    if not is_dataclass(process):
        raise ng.NodeError(f"{process!r} cannot be written in a card", "train with a process that is a dataclass")
    return {"kind": type(process).__name__, **asdict(process)}


@ng.hookimpl
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The nodes of this file."""
    return [ddpm, weights]
