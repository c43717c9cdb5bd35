"""What may be wired to what in the graph that is open: sources for a port, nodes for a place, ways past a node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..dialogs.matching import Choice
from ..outline import Item, Outline
from ..state.catalog import Catalog, Entry, Port


def sources(outline: Outline, catalog: Catalog, node: str, port: Port) -> Iterator[Choice[str]]:
    """The references that a port takes: of nodes that do not read this one, the nearest above it first."""
    below = readers(outline, node) | {node}
    names = list(outline.items)
    here = names.index(node) if node in names else len(names)
    for name in sorted((name for name in names if name not in below), key=lambda one: abs(names.index(one) - here)):
        entry = catalog.entry(outline.items[name].use)
        for part, kind in entry.given() if entry else ():
            if catalog.flows(kind, port) and (not part or kind != "Any"):
                label = f"{name}.{part}" if part else name
                yield Choice(label, label, kind, outline.items[name].about or (entry.help if entry else ""))
    if not port.wired:
        yield from (Choice(name, name, "input of the graph") for name in outline.inputs)


def fitting(catalog: Catalog, port: Port | None = None) -> Iterator[Choice[str]]:
    """The nodes that there are; for a port, those that give what it takes."""
    for entry in catalog.entries.values():
        if port is None or any(catalog.flows(kind, port) for _, kind in entry.given() if kind != "Any"):
            yield Choice(entry.name, entry.name, f"{entry.output} · {entry.help}", _told(entry))


def _told(entry: Entry) -> str:
    wired = ", ".join(f"{port.name} {port.type}" for port in entry.wired)
    return f"{entry.help}\n{wired or 'nothing'} → {entry.output}"


def readers(outline: Outline, node: str) -> set[str]:
    """The nodes that read a node, and those that read them."""
    reading: dict[str, list[str]] = {}
    for reader, wire in outline.edges():
        reading.setdefault(wire.source, []).append(reader)
    found: set[str] = set()
    waiting = [node]
    while waiting:
        for reader in reading.get(waiting.pop(), ()):
            if reader not in found:
                found.add(reader)
                waiting.append(reader)
    return found


def first_wires(outline: Outline, catalog: Catalog, entry: Entry, near: str) -> dict[str, Any]:
    """The wires of a new node that are plain: for each port that must be wired, what fits best beside a node."""
    wires: dict[str, Any] = {}
    for port in entry.wired:
        if not port.required:
            continue
        items = {name: item for name, item in outline.items.items() if name != near}
        item = outline.items.get(near)
        others = (choice.value for choice in sources(Outline(items=items), catalog, "", port))
        offered = next(iter([*_of(near, item, catalog, port), *others]), "")
        if offered:
            wires[port.name] = [f"${offered}"] if port.item else f"${offered}"
    return wires


def _of(name: str, item: Item | None, catalog: Catalog, port: Port) -> list[str]:
    entry = catalog.entry(item.use) if item else None
    given = entry.given() if entry else ()
    return [f"{name}.{part}" if part else name for part, kind in given if catalog.flows(kind, port) and kind != "Any"]


def passing(outline: Outline, catalog: Catalog) -> Mapping[str, str]:
    """For each node the wire that goes on in its place where it is bypassed: the first of the type that it gives."""
    found = {}
    for name, item in outline.items.items():
        entry = catalog.entry(item.use)
        for port in entry.wired if entry else ():
            wire = next((wire for wire in item.wires if wire.port == port.name), None)
            if entry and wire and entry.output in (port.type, port.item):
                found[name] = f"{wire.source}.{wire.field}" if wire.field else wire.source
                break
    return found


def free_name(outline: Outline, wanted: str) -> str:
    """The name, or with the first number that makes it new."""
    taken = {*outline.items, *outline.inputs}
    base = wanted.rpartition(".")[2].rpartition("/")[2] or "node"
    return next(name for name in (base, *(f"{base}_{number}" for number in range(2, 10_000))) if name not in taken)
