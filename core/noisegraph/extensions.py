"""What plugins may bring beside nodes: places where a plan can run, readers of other programs' files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from .events import Event
    from .plan import Plan
    from .store.cache import Cache


class Executor(NamedTuple):
    """A place where a plan can run: `run(plan, cache)` gives the same events as the run here would.

    Chosen by name: `noisegraph run GRAPH --on NAME`.
    """

    name: str
    run: Callable[[Plan, Cache], Iterator[Event]]


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
