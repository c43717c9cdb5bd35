"""What `run`, `check` and `plan` share: GRAPH, its values, and the options that say what is to be run and where."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .. import request
from ..check import Checked
from ..checking.scope import Literal, Swept
from ..devices import DTYPES
from ..errors import Problem
from ..folders import cache_folder
from ..opening import opened
from ..registry import Registry
from ..request import Refusal
from ..store.cache import DISK_BYTES, Cache
from .arguments import arguments

if TYPE_CHECKING:
    from ..plan import Plan
    from ..writing.provenance import Record

F = TypeVar("F", bound=Callable[..., Any])
ONE_RUN_MEMORY = 32_000_000
"""What a process that runs one graph keeps in memory beside what the run itself holds."""
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


class Size(click.ParamType[int]):
    """A number of bytes: `500MB`, `2GB`, `0`."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The bytes."""
        match = re.fullmatch(r"(\d{1,12}(?:\.\d{1,6})?)\s*([kmgt]?)i?b?", str(value).strip().lower())
        if match is None:
            self.fail(f"'{value}' is no size; write one like 500MB or 2GB", param, ctx)
        return int(float(match[1]) * _UNITS[match[2]])


def on_graph(function: F) -> F:
    """The arguments and options of a command on a graph."""
    return _decorated(on_device(function), _ON_GRAPH)


def on_device(function: F) -> F:
    """The options that say where networks run and in which precision."""
    return _decorated(function, _ON_DEVICE)


def with_cache(function: F) -> F:
    """The options of a command that uses the cache."""
    return _decorated(with_bounds(function), _WITH_CACHE)


def with_bounds(function: F) -> F:
    """The options that say how much the cache keeps."""
    return _decorated(function, _WITH_BOUNDS)


def _decorated(function: F, decorators: Sequence[Callable[[Any], Any]]) -> F:
    """The function with the options, in this order before those that it has."""
    for option in reversed(decorators):
        function = option(function)
    return function


_ON_GRAPH: list[Callable[[Any], Any]] = [
    click.argument("graph", required=False),
    click.argument("values", nargs=-1, metavar="[NAME=VALUE]..."),
    click.option("--sweep", multiple=True, metavar="NAME=V1,V2,...", help="Run every value; may be repeated."),
    click.option("--until", metavar="NODE", help="Stop at this node and take its value as the output."),
]
_ON_DEVICE: list[Callable[[Any], Any]] = [
    click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1 or mps."),
    click.option("--dtype", default="auto", show_default=True, help=f"auto, {', '.join(DTYPES)}."),
]
_WITH_CACHE: list[Callable[[Any], Any]] = [
    click.option("--fresh", is_flag=False, flag_value=request.EVERYTHING, multiple=True, metavar="[NODE]",
                 help="Run this node, or all, though it is cached."),
]  # fmt: skip
_WITH_BOUNDS: list[Callable[[Any], Any]] = [
    click.option("--memory", type=Size(), envvar="NOISEGRAPH_CACHE_MEMORY", help="How much to keep in memory."),
    click.option("--disk", type=Size(), envvar="NOISEGRAPH_CACHE_DISK", help="How much to store on disk; 0: nothing."),
]


@dataclass(frozen=True)
class Call:
    """A call on a graph: the request, the nodes that are installed, and what is wrong with the call itself."""

    request: request.Request
    registry: Registry
    problems: Sequence[Problem]
    record: Record | None
    named: Sequence[str]
    """The inputs that the command line gives a value, or sweeps."""

    def checked(self) -> Checked:
        """The graph, checked, with the problems of the call."""
        return request.checked(self.request, self.registry, self.problems)

    def planned(self, refuse: Refusal = lambda done: (), open_inputs: bool = False) -> Plan:
        """The plan; raises GraphError with all problems, those that `refuse` finds included."""
        return request.planned(self.request, self.registry, self.problems, refuse, open_inputs)

    def unread(self, checked: Checked) -> list[Problem]:
        """The inputs that were given for nothing: no node reads them, and no output is one of them."""
        outputs = {arg.source if type(arg) is Literal else arg.name if type(arg) is Swept else ""
                   for arg in checked.flat.outputs.values()}  # fmt: skip
        return [
            Problem(
                checked.flat.top.place("inputs", name, key=True), f"no node reads '{name}': its value changes nothing"
            )
            for name in self.named
            if name not in checked.feeds and name not in outputs
        ]


def called(
    graph: str | None, values: Sequence[str], sweep: Sequence[str], until: str | None, device: str, dtype: str
) -> Call:
    """The call that the command line makes; raises GraphError where there is no graph to speak of."""
    if graph is None:
        raise click.UsageError("no GRAPH: name a file, a graph of the library (`noisegraph graphs`), a picture, or -")
    registry = Registry.installed()
    found = opened(graph, registry)
    told = arguments(found.graph, registry, values, sweep)
    kept = {name: value for name, value in found.given.items() if name not in told.sweep}
    until = until or (found.record.until if found.record else None)
    asked = request.Request(found.graph, kept | told.given, told.sweep, until, device, dtype)
    return Call(asked, registry, told.problems, found.record, (*told.given, *told.sweep))


def sorted_out(
    graph: str | None, values: Sequence[str], fresh: Sequence[str]
) -> tuple[str | None, list[str], set[str]]:
    """GRAPH, values and nodes to run afresh, where `--fresh` without a node took what stood behind it for one."""
    words = [word for word in (graph, *values) if word is not None]
    nodes: set[str] = set()
    for word in fresh:
        lacks_graph = not words or ("=" in words[0] and not os.path.exists(words[0]))
        if "=" in word:
            words.append(word)
        elif lacks_graph and word != request.EVERYTHING:
            words.insert(0, word)
        else:
            nodes.add(word)
            continue
        nodes.add(request.EVERYTHING)
    return (words[0] if words else None), words[1:], nodes


def folder_of(disk: int | None) -> Path | None:
    """Where the cache lies; None where nothing is to be stored."""
    return None if disk == 0 else cache_folder()


def cache_for(registry: Registry, memory: int | None, disk: int | None, usual: int = ONE_RUN_MEMORY) -> Cache:
    """The cache that is asked for, with the codecs of the plugins that the graph names."""
    codecs = registry.collect("noisegraph_codecs", registry.named)
    bounds = usual if memory is None else memory, DISK_BYTES if disk is None else disk
    return Cache(bounds[0], folder_of(disk), bounds[1], codecs)
