"""A graph as views draw it: its nodes, what each reads, what it puts out; drafts with mistakes have an outline too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..node import RESERVED


class Wire(NamedTuple):
    """A reference: what `port` reads, a node or an input of the graph, or one field of a node."""

    port: str
    source: str
    field: str = ""


@dataclass(frozen=True)
class Item:
    """One node of the graph."""

    name: str
    use: str = ""
    about: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    """Parameters that are written into the graph; a text that begins with `$$` stands as it is written."""
    wires: tuple[Wire, ...] = ()
    """References to nodes and inputs, in the order of the file; a list of references gives one wire each."""


@dataclass(frozen=True)
class Outline:
    """The whole graph, in the order of its file."""

    about: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    items: Mapping[str, Item] = field(default_factory=dict)
    outputs: tuple[Wire, ...] = ()

    def edges(self) -> Iterator[tuple[str, Wire]]:
        """Every wire between two nodes, with the name of the node that reads it."""
        for item in self.items.values():
            for wire in item.wires:
                if wire.source in self.items:
                    yield item.name, wire


def outline(graph: object) -> Outline:
    """The outline of a parsed graph file; whatever is malformed is left out."""
    graph = _object(graph)
    items = {name: _item(name, _object(node)) for name, node in _object(graph.get("nodes")).items()}
    outputs = tuple(_wires(_object(graph.get("outputs"))))
    about = graph.get("about")
    return Outline(about if isinstance(about, str) else "", _object(graph.get("inputs")), items, outputs)


def _item(name: str, node: Mapping[str, Any]) -> Item:
    ports = {port: value for port, value in node.items() if port not in RESERVED}
    wires = tuple(_wires(ports))
    wired = {wire.port for wire in wires}
    values = {port: value for port, value in ports.items() if port not in wired}
    return Item(name, str(node.get("use", "")), str(node.get("about", "")), values, wires)


def _wires(ports: Mapping[str, Any]) -> Iterator[Wire]:
    for port, value in ports.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str) and one.startswith("$") and not one.startswith("$$"):
                source, _, part = one[1:].partition(".")
                yield Wire(port, source, part)


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
