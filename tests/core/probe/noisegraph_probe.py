"""A plugin for the tests of the command line: nodes that count, wait, fail in every way, and draw."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import click
import noisegraph as ng
from noisegraph.extensions import Describer, Executor, Importer
from noisegraph.store.codecs import Codec
from pydantic import Field


@ng.node
def number(*, value: Annotated[int, Field(ge=0, le=100)] = 1) -> int:
    """A number."""
    return value


@ng.node
def words(*, text: str = "a red heart", more: str = "") -> str:
    """A text."""
    return text + more


@ng.node
def perhaps(*, value: int | None = 3) -> str:
    """A number, or none, in words."""
    return str(value)


@ng.node
def add(a: int, b: int | None = None, *, more: int = 1) -> int:
    """A sum."""
    return a + (b or 0) + more


class Counted(NamedTuple):
    """The state of a count."""

    total: int


@ng.node
def count(*, steps: int = 20, seconds: float = 0.0, log: str = "") -> ng.Loop[int]:
    """Count to steps, waiting at each; the log holds a line for every step that was really done."""

    def step(state: Counted, index: int) -> Counted:
        time.sleep(seconds)
        if log:
            with open(log, "a") as file:
                file.write(f"{index}\n")
        return Counted(state.total + index)

    return ng.Loop(lambda: Counted(0), step, steps, lambda state: state.total)


@ng.node
def trouble(
    a: int = 0, *, kind: Literal["raise", "told", "type", "exit", "memory", "print", "write", "none"] = "raise"
) -> int:
    """Fail in the way that is asked for, or print."""
    if kind == "raise":
        raise ZeroDivisionError("the probe divides by zero")
    if kind == "told":
        raise ng.NodeError("the probe is told to fail", "ask for something else")
    if kind == "type":
        return "no number"  # type: ignore[return-value]
    if kind == "exit":
        sys.exit(3)
    if kind == "memory":
        raise MemoryError
    if kind == "print":
        print("the probe prints this")
    if kind == "write":
        os.write(1, b"the probe writes this\n")
    return a


@ng.node
def picture(
    *,
    shade: Annotated[float, Field(ge=0, le=1)] = 0.5,
    batch: int = 1,
    colour: bool = False,
    border: Annotated[float, Field(ge=0, le=1)] | None = None,
) -> ng.Image:
    """Plain pictures of 8 x 8 pixels, each a little brighter than the one before."""
    import torch

    shades = torch.linspace(shade, (shade + 1) / 2, batch)
    pictures = shades.reshape(-1, 1, 1, 1).expand(batch, 3 if colour else 1, 8, 8).clone()
    if border is not None:
        pictures[..., 0] = border
    return ng.Image(pictures)


@ng.node
def pictures(*, count: int = 2) -> list[ng.Image]:
    """A list of pictures."""
    import torch

    return [ng.Image(torch.full((1, 1, 8, 8), index / count)) for index in range(count)]


@ng.node
def crooked() -> ng.Image:
    """An image of two channels, which there is not."""
    import torch

    return ng.Image(torch.zeros(1, 2, 8, 8))


@ng.node
def shared() -> ng.Condition:
    """Two names of one tensor."""
    import torch

    one = torch.zeros(1, 4)
    return ng.Condition({"a": one, "b": one})


@ng.node
def latent() -> ng.Latent:
    """A latent."""
    import torch

    return ng.Latent(torch.arange(16.0).reshape(1, 1, 4, 4))


@ng.node
def weights() -> ng.WeightsFile:
    """Weights with a card."""
    import torch

    return ng.WeightsFile({"w": torch.ones(2, 2, dtype=torch.bfloat16)}, {"name": "probe", "licence": "MIT"})


class Opaque:
    """Something that no file can hold."""


@ng.node
def opaque() -> Opaque:
    """Something that no file can hold."""
    return Opaque()


class Coded:
    """Something that is stored by a codec of this plugin."""

    def __init__(self, number: int) -> None:
        self.number = number


@ng.node
def coded() -> Coded:
    """Something that has a codec."""
    return Coded(3)


@ng.hookimpl
def noisegraph_codecs() -> Sequence[Codec]:
    """The codec of Coded."""
    return [Codec(Coded, lambda value: value.number, Coded)]


@ng.node
def size(*, file: Annotated[str, ng.FileKind((".txt",))]) -> int:
    """How long a file is."""
    return len(Path(file).read_bytes())


@ng.hookimpl
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The nodes of this file."""
    return [
        number,
        words,
        perhaps,
        add,
        count,
        trouble,
        picture,
        pictures,
        crooked,
        shared,
        latent,
        weights,
        opaque,
        coded,
        size,
    ]


@ng.hookimpl
def noisegraph_importers() -> Sequence[Importer]:
    """Reads texts of one line: `probe` and a number."""
    return [Importer("probe", (".probe",), _read)]


def _read(text: str) -> dict[str, Any] | None:
    word, _, value = text.strip().partition(" ")
    if word != "probe":
        return None
    return {"nodes": {"a": {"use": "probe.number", "value": int(value)}}, "outputs": {"x": "$a"}}


@ng.hookimpl
def noisegraph_describers() -> Sequence[Describer]:
    """Knows files that begin with `probe`."""
    return [Describer("probe", _describe)]


def _describe(path: Path) -> dict[str, dict[str, str]] | None:
    word, _, value = path.read_text().strip().partition(" ")
    if value == "damaged":
        raise ng.NodeError("a damaged probe", "write another")
    return {"probe": {"number": value}} if word == "probe" else None


@ng.hookimpl
def noisegraph_captions() -> Sequence[ng.Caption]:
    """What led to a picture."""
    return [ng.Caption("probed", _told)]


def _told(making: ng.Making) -> str | None:
    nodes = ", ".join(f"{call.node} {dict(call.values)} {dict(call.reads)}" for call in making.calls)
    return f"{making.picture} of {making.width} x {making.height}: {nodes}"


@ng.hookimpl
def noisegraph_executors() -> Sequence[Executor]:
    """A place that notes that it was used."""
    return [Executor("elsewhere", _run)]


def _run(plan: Any, cache: Any) -> Iterator[Any]:
    from noisegraph.run import run

    Path("used").touch()
    return run(plan, cache)


@ng.hookimpl
def noisegraph_commands() -> Sequence[click.Command]:
    """A command."""
    return [greet]


@click.command("greet")
def greet() -> None:
    """Greet."""
    click.echo("the probe greets you")
