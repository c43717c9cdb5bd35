"""What of a result one goes back to, its seed, its prompt, all: as values for the graph that is open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple, TypeAlias

from ..outline import Outline
from .result import Result

What: TypeAlias = Literal["all", "seed", "prompt", "remix", "size", "graph"]
"""`remix` is everything but the seed; `graph` the whole graph in place of the one that is open."""
_SEED = {"seed"}
_PROMPT = {"prompt", "negative", "negative_prompt", "text", "label", "digit", "digits", "caption"}
_SIZE = {"width", "height", "size", "batch", "count"}


class Value(NamedTuple):
    """A value to set: of an input of the graph where no node is named, else of a node's parameter."""

    node: str
    name: str
    value: Any


def recalled(result: Result, what: What, now: Outline) -> list[Value]:
    """The values that differ from those in the graph now, of inputs and parameters that it has, too."""
    return [one for one in _values(result.drawn, what) if _has(now, one) and _value(now, one) != one.value]


def _values(graph: Outline, what: What) -> Iterator[Value]:
    ports: dict[str, set[str]] = {}
    for item in graph.items.values():
        for wire in item.wires:
            ports.setdefault(wire.source, set()).add(wire.port)
    for name, value in graph.inputs.items():
        if _meant(what, {name, *ports.get(name, ())}):
            yield Value("", name, value)
    for item in graph.items.values():
        for port, value in item.values.items():
            if _meant(what, {port}):
                yield Value(item.name, port, value)


def _meant(what: What, names: set[str]) -> bool:
    match what:
        case "seed":
            return bool(names & _SEED)
        case "prompt":
            return bool(names & _PROMPT)
        case "size":
            return bool(names & _SIZE)
        case "remix":
            return not names & _SEED
    return True


def _has(now: Outline, one: Value) -> bool:
    if not one.node:
        return one.name in now.inputs
    return one.node in now.items and one.name in now.items[one.node].values


def _value(now: Outline, one: Value) -> Any:
    return now.items[one.node].values[one.name] if one.node else now.inputs[one.name]
