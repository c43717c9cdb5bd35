"""The graph as it is run: without what is muted, past what is bypassed, with what is pinned held still."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...errors import Place, Problem
from .document import Document
from .edits import EditError, add, delete
from .marks import Marks, Pin
from .patch import replaced, same
from .references import literal, reference, references

_COPY = "pinned-"


def held(document: Document, node: str) -> Pin:
    """A node with all that it reads, and the values of the inputs; raises EditError where one has no value."""
    graph = document.data
    names = [node, *upstream(graph, node)]
    return Pin({name: _settled(graph, graph["nodes"][name], document.name) for name in names})


def upstream(graph: Mapping[str, Any], node: str) -> list[str]:
    """The nodes that a node reads, and those that they read."""
    reads: dict[str, list[str]] = {}
    for one in references(graph):
        if one.path[0] == "nodes":
            reads.setdefault(str(one.path[1]), []).append(one.name)
    found: dict[str, None] = {}
    waiting = list(reads.get(node, ()))
    while waiting:
        name = waiting.pop()
        if name not in found and name in graph["nodes"] and name != node:
            found[name] = None
            waiting += reads.get(name, ())
    return list(found)


def _settled(graph: Mapping[str, Any], value: Any, name: str) -> Any:
    """What a node writes, with the values of the inputs that it reads."""
    if isinstance(value, dict):
        return {key: _settled(graph, one, name) for key, one in value.items()}
    if isinstance(value, list):
        return [_settled(graph, one, name) for one in value]
    meant, inputs = reference(value), graph.get("inputs", {})
    if meant is None or meant[0] not in inputs:
        return value
    if inputs[meant[0]] is None:
        raise EditError([Problem(Place(name), f"input '{meant[0]}' has no value to pin", "give it one")])
    return literal(inputs[meant[0]])


def as_run(document: Document, marks: Marks, passes: Mapping[str, str]) -> Document:
    """The document that is run; `passes` says which wire of a bypassed node goes on in its place."""
    marks = marks.within(document.data.get("nodes", {}))
    for node, pin in marks.pinned.items():
        document = _with_pin(document, node, pin)
    document = delete(document, marks.bypassed, passes) if marks.bypassed else document
    silent = list(_silent(document.data, marks.muted))
    return delete(document, silent) if silent else document


def _with_pin(document: Document, node: str, pin: Pin) -> Document:
    graph = document.data
    copies = {name: name for name in pin.nodes}
    for name in sorted(pin.nodes, key=lambda name: len(upstream({"nodes": pin.nodes}, name))):
        if not _as_before(graph, name, pin, copies) and name != node:
            copies[name] = _free(graph, f"{_COPY}{node}-{name}")
    for name, copy in copies.items():
        if copy != name:
            ports = {key: _redirected(value, copies) for key, value in pin.nodes[name].items() if key != "use"}
            document = add(document, copy, str(pin.nodes[name]["use"]), ports, behind=node)
    ports = {key: _redirected(value, copies) for key, value in pin.nodes[node].items()}
    return document.changed(replaced(document.text, ("nodes", node), ports), f"pin {node}")


def _as_before(graph: Mapping[str, Any], name: str, pin: Pin, copies: Mapping[str, str]) -> bool:
    """Whether the graph still has the node, and what it reads, as they were pinned."""
    if name not in graph["nodes"] or any(copies[one] != one for one in upstream({"nodes": pin.nodes}, name)):
        return False
    try:
        return same(_settled(graph, graph["nodes"][name], ""), pin.nodes[name])
    except EditError:
        return False


def _redirected(value: Any, copies: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_redirected(one, copies) for one in value]
    meant = reference(value)
    return f"${copies.get(meant[0], meant[0])}{meant[1]}" if meant else value


def _free(graph: Mapping[str, Any], name: str) -> str:
    while name in graph["nodes"] or name in graph.get("inputs", {}):
        name += "-"
    return name


def _silent(graph: Mapping[str, Any], muted: frozenset[str]) -> Iterator[str]:
    """What is muted, and what cannot run without it; a list only loses an item."""
    silent = set(muted)
    wires = [one for one in references(graph) if one.path[0] == "nodes"]
    lists: dict[tuple[str | int, ...], set[str]] = {}
    for one in wires:
        lists.setdefault(one.path[:3], set()).add(one.name)
    grown = True
    while grown:
        reading = {str(path[1]) for path, names in lists.items() if names <= silent}
        grown = not reading <= silent
        silent |= reading
    yield from silent
