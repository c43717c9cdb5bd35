"""Nodes that misbehave, for tests of what a graph executor must show; and an engine that knows them."""

from __future__ import annotations

import math
import os
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import noisegraph as ng
import torch
from noisegraph.registry import Local, Registry

from . import nodes
from .conftest import Engine
from .nodes import CALLS

ALIVE: list[weakref.ref[torch.Tensor]] = []


def _alive(x: torch.Tensor) -> ng.Latent:
    ALIVE.append(weakref.ref(x))
    return ng.Latent(x)


@ng.node
def leaf(*, value: float = 1.0) -> ng.Latent:
    """A tensor."""
    return _alive(torch.full((8,), value))


@ng.node
def both(x: ng.Latent, y: ng.Latent) -> ng.Latent:
    """The sum of two tensors."""
    return _alive(x + y)


@ng.node
def interrupts(a: int = 0) -> int:
    """What happens when Ctrl-C comes while a node computes."""
    raise KeyboardInterrupt


@ng.node(device=False)
def reads_two(x: ng.Latent, y: ng.Latent) -> float:
    """Reads two tensors beside the device."""
    return float((x + y).sum())


@ng.node
def logs(*, name: str) -> int:
    """Writes its name down, for other processes to see."""
    with open(os.environ["NOISEGRAPH_TEST_LOG"], "a") as log:
        log.write(f"{name}\n")
    return len(name)


@ng.node
def dies(a: int) -> int:
    """Ends the process, as a crash does, where it is told to."""
    if os.environ.get("NOISEGRAPH_TEST_CRASH"):
        os._exit(9)
    return a


@ng.node
def infers(*, value: float = 1.0) -> ng.Latent:
    """A tensor made in torch's inference mode."""
    with torch.inference_mode():
        return ng.Latent(torch.full((3,), value))


@ng.node
def eighth(*, value: float = 1.0, spoilt: bool = False) -> ng.Latent:
    """A tensor of eight-bit floats."""
    return ng.Latent(torch.full((3,), math.nan if spoilt else value).to(torch.float8_e4m3fn))


class Untold(Exception):
    """An error that cannot say what it is."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


class Odd:
    """A value that answers no question."""

    @property
    def shape(self) -> int:
        """Fails."""
        raise RuntimeError("no shape")


@ng.node
def odd(*, kind: str = "") -> Odd:
    """Something odd; or an odd error."""
    if kind:
        raise {"untold": Untold, "exit": GeneratorExit, "stop": StopIteration}[kind]()
    return Odd()


@ng.node
def refuses(a: Odd | int) -> int:
    """Fails on whatever it is given."""
    raise ValueError("refused")


@ng.node(version=lambda: {1, 2})
def unsaid() -> int:
    """Its version is not plain data."""
    CALLS["unsaid"] += 1
    return 5


@ng.node
def spoils_a_list(items: list[ng.Latent]) -> ng.Latent:
    """Wrongly doubles the first of its inputs in place."""
    return ng.Latent(items[0].mul_(2))


@ng.node
def passes(x: ng.Latent) -> ng.Latent:
    """Its input, the very same tensor."""
    return x


@ng.node
def views(x: ng.Latent) -> ng.Latent:
    """A view of its input."""
    return ng.Latent(x[:2])


class Sum(NamedTuple):
    """The state of a loop."""

    x: torch.Tensor


@ng.node(early=True)
def turns_bad(x: ng.Latent, *, at: int = 5, bad: bool = True) -> ng.Loop[ng.Latent]:
    """Adds 1 a step; from step `at` on, where it is bad, in place. Steps before it are shared with one that is not."""

    def step(state: Sum, index: int) -> Sum:
        return Sum(state.x.add_(1)) if bad and index >= at else Sum(state.x + 1)

    def reads(index: int) -> tuple[Any, ...]:
        return (index, bad and index >= at)

    return ng.Loop(lambda: Sum(x + 0), step, 10, lambda state: ng.Latent(state.x), reads=reads, begins=(x,))


ODD: list[Callable[..., Any]] = [
    leaf,
    both,
    interrupts,
    reads_two,
    logs,
    dies,
    infers,
    eighth,
    odd,
    refuses,
    unsaid,
    spoils_a_list,
    passes,
    views,
    turns_bad,
]


def made(folder: Path | None, **options: Any) -> Engine:
    """The same over any folder."""
    engine = Engine(folder, **options)
    engine.registry = Registry([Local("t", nodes.NODES), Local("m", ODD)])
    return engine


def chain(size: int, **more: Any) -> dict[str, Any]:
    """n0 -> n1 -> ... of adding nodes."""
    named = {f"n{i}": {"use": "t.add", "a": f"$n{i - 1}", "more": i} for i in range(1, size)}
    return {"nodes": {"n0": {"use": "t.number", "value": 1}, **named}, "outputs": {"x": f"$n{size - 1}"}, **more}
