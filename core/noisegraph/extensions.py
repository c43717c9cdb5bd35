"""What plugins may bring beside nodes: places where a plan can run, readers of other programs' files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from .events import Event
    from .store.cache import Cache


class Executor(NamedTuple):
    """A place where a plan can run: `run(plan, cache)` gives the same events as the run here would.

    The plan is a `noisegraph.plan.Plan`. Chosen by name: `noisegraph run GRAPH --on NAME`.
    """

    name: str
    run: Callable[[Any, Cache], Iterator[Event]]


class Importer(NamedTuple):
    """A reader of another program's graph files, tried on files that have one of its suffixes or that are no graphs.

    `read(text)` gives a graph file's content, or None where the text is not of that program.
    """

    name: str
    suffixes: tuple[str, ...]
    read: Callable[[str], Mapping[str, Any] | None]


class Describer(NamedTuple):
    """Tells what a file or folder is that noisegraph did not write: `noisegraph show FILE` asks each in turn.

    `describe(path)` gives sections, title -> rows of name -> text, or None where the file is not of its kind. Raises
    NodeError for one of its kind that is damaged. `prompt(text, steps)`, where there is one, tells in the same form how
    a prompt is read along so many steps: `noisegraph show --prompt TEXT`.
    """

    name: str
    describe: Callable[[Path], Mapping[str, Mapping[str, str]] | None]
    prompt: Callable[[str, int], Mapping[str, Mapping[str, str]]] | None = None


class Call(NamedTuple):
    """A call of a node on the way to a picture: its name as in graphs, its parameters, and what its ports read."""

    node: str
    values: Mapping[str, Any]
    reads: Mapping[str, Sequence[int]]
    """Port -> places among the calls."""


class Making(NamedTuple):
    """How a picture came about: the calls in the order of running, the last of which gave it, and which one it is."""

    calls: Sequence[Call]
    width: int
    height: int
    picture: int = 0
    """Its place in the batch, from 0."""


class Caption(NamedTuple):
    """A text for other programs that PNGs get beside noisegraph's own, under a keyword.

    `text(making)` gives it, or None where there is nothing to say in that form.
    """

    keyword: str
    text: Callable[[Making], str | None]
