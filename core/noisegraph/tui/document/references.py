"""Where a graph names its nodes and inputs: the references on ports and outputs, and how one is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ...node import RESERVED
from .patch import Path


class Reference(NamedTuple):
    """One reference: where it is written, the node or input that it names, and the fields behind the name."""

    path: Path
    name: str
    fields: str = ""

    @property
    def text(self) -> str:
        """As it is written."""
        return f"${self.name}{self.fields}"


def references(graph: Mapping[str, Any]) -> Iterator[Reference]:
    """All references of a graph, in the order of its file."""
    for node, ports in graph.get("nodes", {}).items():
        for port, value in ports.items() if isinstance(ports, dict) else ():
            if port not in RESERVED:
                yield from _inside(value, ("nodes", node, port))
    for output, value in graph.get("outputs", {}).items():
        yield from _inside(value, ("outputs", output))


def reference(text: object) -> tuple[str, str] | None:
    """The name and the fields that a value refers to; None for a value that is no reference."""
    if not isinstance(text, str) or not text.startswith("$") or text.startswith("$$"):
        return None
    name, dot, fields = text[1:].partition(".")
    return name, dot + fields


def literal(value: Any) -> Any:
    """A value as a port writes it, where a text's own dollar is doubled."""
    if isinstance(value, str):
        return f"${value}" if value.startswith("$") else value
    if isinstance(value, list):
        return [literal(one) for one in value]
    return {key: literal(one) for key, one in value.items()} if isinstance(value, dict) else value


def plain(value: Any) -> Any:
    """The value that is meant by what a port writes: a doubled dollar is one."""
    if isinstance(value, str):
        return value[1:] if value.startswith("$$") else value
    if isinstance(value, list):
        return [plain(one) for one in value]
    return {key: plain(one) for key, one in value.items()} if isinstance(value, dict) else value


def _inside(value: Any, path: Path) -> Iterator[Reference]:
    if isinstance(value, list):
        for index, one in enumerate(value):
            yield from _inside(one, (*path, index))
    elif (meant := reference(value)) is not None:
        yield Reference(path, *meant)
