"""The nodes that there are, as the worker's `schema` message tells them: their ports, and what flows where."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Port:
    """One input of a node; its `type` and its `limits` in the words that a user reads."""

    name: str
    type: str
    wired: bool = False
    required: bool = False
    default: Any = None
    limits: tuple[str, ...] = ()
    help: str = ""
    file: tuple[str, ...] | None = None
    """The suffixes that it takes, where it names a file; none of them: any."""

    @property
    def item(self) -> str:
        """The type of one wire, where the port takes a list of them; the empty string where it does not."""
        lists = [part for part in self.type.split(" | ") if part.startswith("list[")]
        return lists[0].removeprefix("list[").removesuffix("]") if lists else ""


@dataclass(frozen=True)
class Entry:
    """One node as the catalog has it: `output` is the type that it gives, `fields` those of its value's parts."""

    name: str
    plugin: str = ""
    help: str = ""
    doc: str = ""
    ports: Mapping[str, Port] = field(default_factory=dict)
    output: str = "Any"
    fields: Mapping[str, str] = field(default_factory=dict)
    loops: bool = False

    @property
    def wired(self) -> Sequence[Port]:
        """The ports that are wires."""
        return [port for port in self.ports.values() if port.wired]

    @property
    def parameters(self) -> Sequence[Port]:
        """The ports that are typed into the file."""
        return [port for port in self.ports.values() if not port.wired]

    def given(self) -> Iterator[tuple[str, str]]:
        """What a reference to the node may carry: its value (of an empty name) and each field, with their types."""
        yield "", self.output
        yield from self.fields.items()


@dataclass(frozen=True)
class Catalog:
    """All nodes by their full name, and the types that each type may flow into."""

    entries: Mapping[str, Entry] = field(default_factory=dict)
    flowing: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> Catalog:
        """The catalog in a `schema` message."""
        entries = {str(node["name"]): _entry(node) for node in message.get("nodes", ())}
        return cls(entries, message.get("flows", {}))

    def entry(self, use: str) -> Entry | None:
        """The node of this name."""
        return self.entries.get(use)

    def flows(self, given: str, port: Port) -> bool:
        """Whether a value of the type `given` may be wired to the port, alone or as one of its list."""
        return port.file is None and (self._fits(given, port.type) or bool(port.item and self._fits(given, port.item)))

    def _fits(self, given: str, wanted: str) -> bool:
        return given == wanted or "Any" in (given, wanted) or wanted in self.flowing.get(given, ())


def _entry(node: Mapping[str, Any]) -> Entry:
    ports = {str(port["name"]): _port(port) for port in node["ports"]}
    texts = {key: str(node.get(key, "")) for key in ("plugin", "help", "doc")}
    return Entry(
        str(node["name"]),
        **texts,
        ports=ports,
        output=str(node["output"]),
        fields=dict(node["fields"]),
        loops=bool(node.get("loops")),
    )


def _port(port: Mapping[str, Any]) -> Port:
    return Port(
        str(port["name"]),
        str(port["type"]),
        bool(port["wired"]),
        bool(port["required"]),
        port.get("default"),
        tuple(port.get("limits", ())),
        str(port.get("help", "")),
        None if port.get("file") is None else tuple(port["file"]),
    )


def shown(value: Any) -> str:
    """A value as a user types it: a text without quotes, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
