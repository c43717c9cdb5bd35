"""How two results differ: parameter by parameter, and the first node that was not the same."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..graph.order import drawing
from ..graph.words import short
from ..outline import Item, Outline
from .result import Result

_MISSING = object()


class Difference(NamedTuple):
    """A parameter of which two results had other values; `$name` for an input of the graph, `node.port` for others."""

    name: str
    before: str
    after: str

    def __str__(self) -> str:
        if len(self.before) + len(self.after) > 24 and " " in self.before + self.after:
            return f"{self.name.lstrip('$')}: {words(self.before, self.after)}"
        return f"{self.name.lstrip('$')} {self.before} → {self.after}"


def differences(one: Result, other: Result) -> list[Difference]:
    """All parameters that differ, inputs first, then nodes from the top of the graph to its end."""
    before, after = one.drawn, other.drawn
    found = list(_differing("$", before.inputs, after.inputs))
    for name in _order(before, after):
        told = [_told(graph.items.get(name)) for graph in (before, after)]
        if told[0] is None or told[1] is None:
            found.append(Difference(name, *("none" if one is None else str(one["use"]) for one in told)))
        else:
            found += _differing(f"{name}.", told[0], told[1])
    return found


def first_differing(one: Result, other: Result) -> str:
    """The uppermost node that did not get what it got before; empty where all did."""
    before, after = one.drawn, other.drawn
    for name in _order(before, after):
        graphs = [(graph, graph.items.get(name)) for graph in (before, after)]
        read = [None if item is None else {**(_told(item) or {}), **_inputs(graph, item)} for graph, item in graphs]
        if read[0] != read[1]:
            return name
    return ""


def words(before: str, after: str) -> str:
    """Two texts as one, with what was replaced in brackets: `a lighthouse at [dawn→dusk]`."""
    old, new = re.findall(r"\s+|[^\s]+", before), re.findall(r"\s+|[^\s]+", after)
    told = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        told.append("".join(old[a:b]) if kind == "equal" else f"[{''.join(old[a:b])}→{''.join(new[c:d])}]")
    return "".join(told)


def _differing(prefix: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    for name in dict.fromkeys((*before, *after)):
        old, new = before.get(name, _MISSING), after.get(name, _MISSING)
        if json.dumps(old, default=str) != json.dumps(new, default=str) or (old is _MISSING) != (new is _MISSING):
            yield Difference(f"{prefix}{name}", _shown(old), _shown(new))


def _shown(value: Any) -> str:
    return "none" if value is _MISSING else short(value, 200)


def _told(item: Item | None) -> dict[str, Any] | None:
    """What stands in the graph file for a node."""
    if item is None:
        return None
    wires: dict[str, Any] = {}
    for wire in item.wires:
        wires[wire.port] = f"{wires[wire.port]} " if wire.port in wires else ""
        wires[wire.port] += f"${wire.source}{'.' + wire.field if wire.field else ''}"
    return {"use": item.use, **item.values, **wires}


def _inputs(graph: Outline, item: Item) -> dict[str, Any]:
    """The inputs of the graph that a node reads, under the ports that read them."""
    read = ((wire.port, wire.source) for wire in item.wires if wire.source not in graph.items)
    return {f"{port} ${source}": graph.inputs.get(source) for port, source in read}


def _order(before: Outline, after: Outline) -> list[str]:
    return list(drawing(Outline(items={**before.items, **after.items})).rows)
