"""What plugins may bring beside nodes: places where a plan can run, and readers of other programs' graph files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
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
