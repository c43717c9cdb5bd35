"""What may help against a failure: values to change, or another device to run on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..outline import Outline
from ..results.recall import Value
from .failure import Failure

_BATCH, _SIZE = {"batch", "count"}, {"width", "height", "size"}
_SMALLEST = 8


class Remedy(NamedTuple):
    """What to try: values of the graph, and what else the run is asked for with."""

    label: str
    values: tuple[Value, ...] = ()
    more: Mapping[str, Any] = {}


def remedies(failure: Failure, graph: Outline, device: str) -> list[Remedy]:
    """What helps against failures of this kind, the mildest first; often nothing that one could know."""
    if failure.kind == "memory":
        return list(_of_memory(graph, device))
    if failure.kind == "nan":
        return [Remedy("run in float32", more={"device": device or "auto", "dtype": "float32"})]
    return []


def _of_memory(graph: Outline, device: str) -> Iterator[Remedy]:
    batch = tuple(_halved(graph, _BATCH, least=1))
    if batch:
        yield Remedy(_label(batch), batch)
    size = tuple(_halved(graph, _SIZE, least=_SMALLEST))
    if size:
        yield Remedy(_label(size), size)
    if device != "cpu":
        yield Remedy("run on the cpu, slowly", more={"device": "cpu"})


def _label(values: tuple[Value, ...]) -> str:
    return "half the " + ", ".join(f"{one.name} ({one.value})" for one in values)


def _halved(graph: Outline, ports: set[str], least: int) -> Iterator[Value]:
    """Half of every number that such a port has, written there or in an input that it reads."""
    seen: set[str] = set()
    for item in graph.items.values():
        for port, value in item.values.items():
            if port in ports and type(value) is int and value // 2 >= least:
                yield Value(item.name, port, value // 2)
        for wire in item.wires:
            value = graph.inputs.get(wire.source)
            if wire.port in ports and wire.source not in seen and type(value) is int and value // 2 >= least:
                seen.add(wire.source)
                yield Value("", wire.source, value // 2)
