"""An opened graph: its nodes in one list, what their ports are given, and for each graph in it a scope of names."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeAlias

from ..errors import Place
from ..node import NodeSpec
from ..written import Graph


class Literal(NamedTuple):
    """A value that came through an input, and where it was typed; `source` is the whole graph's input, if it was one.

    A value typed on a node's own port stands as itself.
    """

    value: Any
    place: tuple[Scope, tuple[str | int, ...]]
    source: str = ""


class Wire(NamedTuple):
    """The value of node number `node`, or a field of it."""

    node: int
    fields: tuple[str, ...] = ()


class Swept(NamedTuple):
    """An input of the graph whose value differs from point to point of a sweep."""

    name: str


class Unset(NamedTuple):
    """An input of the graph that has no value yet."""

    name: str


class Several(NamedTuple):
    """A list with references among its items."""

    items: tuple[Arg, ...]


class Broken(NamedTuple):
    """A reference that leads nowhere; its problem has been told."""


Arg: TypeAlias = "Literal | Wire | Swept | Unset | Several | Broken | Any"
ARGS = frozenset((Literal, Wire, Swept, Unset, Several, Broken))


@dataclass(slots=True, eq=False)
class FlatNode:
    """One node of the opened graph: `id` is its path, like `refine/guided`.

    `args` is what its ports are given, literals as the ports accept them once they are checked, and `reads` the nodes
    that it reads, both in the order of the signature. `device` is what its object says of "device" and
    "dtype", `cuda/float16`, where either may be missing, and `stored` what it says of "cache".
    """

    id: str
    name: str
    spec: NodeSpec
    scope: Scope
    raw: dict[str, Any]
    args: dict[str, Arg]
    reads: tuple[int, ...]
    device: str | None = None
    stored: bool = True


@dataclass(slots=True, eq=False)
class Scope:
    """One graph at its place in the whole: what its inputs are bound to, and which of the flat nodes are its own.

    `graphs` holds the scope of each graph in it, `known` what references stand for: those to its nodes (`$name`), and
    all that were met so far.
    """

    graph: Graph
    prefix: str
    parent: Scope | None
    within: str
    bound: dict[str, Any]
    graphs: dict[str, Scope] = field(default_factory=dict)
    known: dict[str, Arg] = field(default_factory=dict)

    @property
    def depth(self) -> int:
        """How many graphs this one stands in."""
        return 0 if self.parent is None else 1 + self.parent.depth

    def place(self, *path: str | int, key: bool = False) -> Place:
        """Where a part of this graph stands; sub-graphs add where they stand to the path."""
        place = self.graph.place(*path, key=key)
        if self.parent is None:
            return place
        return replace(place, within=self.prefix.rstrip("/"))


class Flat(NamedTuple):
    """The opened graph; `top` is the scope of the graph itself."""

    nodes: list[FlatNode]
    outputs: dict[str, Arg]
    top: Scope
