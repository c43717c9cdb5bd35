"""Graphs that nodes use, as entries of the catalog: their inputs are ports, their outputs fields."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from ...graph import SUFFIX, library
from ..outline import Outline, outline
from ..state.catalog import Catalog, Entry, Port

_TYPES: dict[type, str] = {bool: "bool", int: "int", float: "float", str: "str"}


def with_graphs(catalog: Catalog, graph: Outline, folder: Path) -> Catalog:
    """The catalog with the graphs that this graph uses."""
    uses = {item.use for item in graph.items.values() if item.use and item.use not in catalog.entries}
    found = {use: entry for use in sorted(uses) if (entry := graph_entry(use, folder, catalog))}
    return replace(catalog, entries={**catalog.entries, **found}) if found else catalog


def graph_entry(use: str, folder: Path, catalog: Catalog) -> Entry | None:
    """The entry of a graph: a file from the folder, or one of the library; None where there is none."""
    path = folder / use if use.endswith(SUFFIX) else library().get(use)
    try:
        stamp = path.stat().st_mtime_ns if path else 0
    except OSError:
        return None
    inside = _read(path, stamp) if path else None
    if inside is None:
        return None
    ports = {name: _port(name, value, inside, catalog) for name, value in inside.inputs.items()}
    gives = {wire.port: _type(wire.source, wire.field, inside, catalog) for wire in inside.outputs}
    single = next(iter(gives.values())) if len(gives) == 1 else "Any"
    return Entry(use, "graph", inside.about, inside.about, ports, single, gives)


@lru_cache(maxsize=64)
def _read(path: Path, stamp: int) -> Outline | None:
    try:
        return outline(json.loads(path.read_text(encoding="utf-8-sig")))
    except (OSError, ValueError, RecursionError):
        return None


def _port(name: str, value: Any, inside: Outline, catalog: Catalog) -> Port:
    """The port of an input: as the first port is that it feeds."""
    for item in inside.items.values():
        entry = catalog.entry(item.use)
        for wire in item.wires:
            fed = entry.ports.get(wire.port) if entry and wire.source == name else None
            if fed is not None:
                return replace(fed, name=name, wired=fed.wired, required=value is None, default=value)
    return Port(name, _TYPES.get(type(value), ""), wired=value is None, required=value is None, default=value)


def _type(source: str, field: str, inside: Outline, catalog: Catalog) -> str:
    entry = catalog.entry(inside.items[source].use) if source in inside.items else None
    known: Mapping[str, str] = {**entry.fields, "": entry.output} if entry else {}
    return known.get(field, "Any")
