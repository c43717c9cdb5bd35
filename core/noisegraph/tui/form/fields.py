"""The lines of a form, as data: each parameter with its value, where that comes from, and what it may be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from ..document.references import plain
from ..outline import Item, Outline, Wire
from ..state.catalog import Catalog, Entry, Port
from .kind import Kind, kind_of, kind_of_value, meant, short, shown

Origin: TypeAlias = Literal["set", "default", "input", "wire", "missing"]


@dataclass(frozen=True)
class Field:
    """One line: a port of `node`, or an input of the graph where `node` is empty."""

    node: str
    port: Port
    kind: Kind
    origin: Origin
    value: Any = None
    source: tuple[str, ...] = ()
    """What it reads: the graph's input, or nodes with their fields."""
    was: str | None = None
    """What it was in the last run, where that is something else."""
    problem: str = ""

    @property
    def name(self) -> str:
        """The name of the port, or of the input."""
        return self.port.name

    @property
    def target(self) -> tuple[str, str]:
        """What an edit changes: a port of a node, or an input of the graph (of no node)."""
        return ("", self.source[0]) if self.origin == "input" else (self.node, self.name)

    @property
    def text(self) -> str:
        """The value as it is typed."""
        if self.origin == "wire":
            return "← " + ", ".join(self.source)
        return "" if self.origin == "missing" else shown(self.value, self.kind)

    @property
    def range(self) -> str:
        """What it may be, in few signs."""
        if self.kind.way == "choice":
            return f"{len(self.kind.choices)} ▾"
        return short([limit for limit in self.port.limits if not limit.endswith(" long")])


@dataclass(frozen=True)
class Form:
    """A node's form: its parameters, its wires, and what is told of it."""

    title: str
    fields: tuple[Field, ...]
    wires: tuple[Field, ...] = ()
    gives: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    """What it gives: the field's name, its type, and who reads it."""
    about: str = ""
    doc: str = ""
    known: bool = True


@dataclass(frozen=True)
class Context:
    """What a form is made from beside the node: the graph, the catalog, the last run's graph, and the problems."""

    outline: Outline
    catalog: Catalog = field(default_factory=Catalog)
    ran: Outline | None = None
    problems: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """(node, port) or ("", input) -> what is wrong."""


def node_form(name: str, context: Context) -> Form:
    """The form of a node."""
    item = context.outline.items[name]
    entry = context.catalog.entry(item.use)
    ports = _ports(item, entry, context.outline.inputs)
    fields = [_field(item, port, context) for port in ports]
    return Form(
        f"{name} · {item.use}",
        tuple(one for one, port in zip(fields, ports, strict=True) if not port.wired),
        tuple(one for one, port in zip(fields, ports, strict=True) if port.wired),
        tuple(_gives(name, entry, context.outline)) if entry else (),
        item.about,
        entry.doc if entry else "",
        entry is not None or not context.catalog.entries,
    )


def inputs_form(context: Context) -> Form:
    """The form of the graph's inputs."""
    fields = tuple(_input(name, value, context) for name, value in context.outline.inputs.items())
    return Form("inputs of the graph", fields, about=context.outline.about)


def _ports(item: Item, entry: Entry | None, inputs: Mapping[str, Any]) -> list[Port]:
    known = list(entry.ports.values()) if entry else []
    names = {port.name for port in known}
    fed = {wire.port for wire in item.wires if wire.source in inputs}
    others = [Port(name, "", name not in fed) for name in dict.fromkeys(wire.port for wire in item.wires)]
    others = [port for port in others if port.name not in names]
    return [*known, *others, *(Port(name, "") for name in item.values if name not in names)]


def _field(item: Item, port: Port, context: Context) -> Field:
    kind = kind_of(port) if port.type else kind_of_value(item.values.get(port.name), port.name)
    made = Field(item.name, port, kind, "missing" if port.required else "default", port.default)
    wires = [wire for wire in item.wires if wire.port == port.name]
    inputs = context.outline.inputs
    if len(wires) == 1 and wires[0].source in inputs:
        value = inputs[wires[0].source]
        kind = kind if port.type else kind_of_value(value, port.name)
        made = replace(made, origin="input", source=(wires[0].source,), value=value, kind=kind)
    elif wires:
        made = replace(made, origin="wire", source=tuple(map(_told, wires)))
    elif port.name in item.values:
        made = replace(made, origin="set", value=plain(item.values[port.name]))
    problem = context.problems.get((item.name, port.name)) or context.problems.get(made.target) or _wrong(made)
    return replace(made, was=_was(made, context), problem=problem)


def _wrong(field: Field) -> str:
    """What is wrong with a value that can be told at once; the worker tells the rest."""
    if field.origin not in ("set", "input") or field.value is None:
        return ""
    try:
        meant(shown(field.value, field.kind), field.kind, field.port.limits)
    except ValueError as error:
        return str(error)
    return ""


def _told(wire: Wire) -> str:
    return f"{wire.source}.{wire.field}" if wire.field else wire.source


def _was(now: Field, context: Context) -> str | None:
    """What the field was in the last run, where that is something else."""
    if context.ran is None or (now.node and now.node not in context.ran.items):
        return None
    before = Context(context.ran, context.catalog)
    if not now.node:
        then = _input(now.name, context.ran.inputs[now.name], before) if now.name in context.ran.inputs else None
    else:
        then = _field(context.ran.items[now.node], now.port, before)
    return then.text if then is not None and then.text != now.text else None


def _input(name: str, value: Any, context: Context) -> Field:
    port, kind = _fed(name, context) or (Port(name, ""), kind_of_value(value, name))
    port = replace(port, name=name, required=value is None)
    made = Field("", port, kind, "missing" if value is None else "set", value)
    return replace(made, was=_was(made, context), problem=context.problems.get(("", name)) or _wrong(made))


def _fed(name: str, context: Context) -> tuple[Port, Kind] | None:
    """The port that an input feeds, of the narrowest kind of them all."""
    ports = [
        port
        for item in context.outline.items.values()
        for wire in item.wires
        if wire.source == name and (entry := context.catalog.entry(item.use)) and (port := entry.ports.get(wire.port))
    ]
    wide = ("json", "list", "float", "int", "text")
    best = max(ports, key=lambda port: _rank(kind_of(port).way, wide), default=None)
    return (best, kind_of(best)) if best else None


def _rank(way: str, wide: tuple[str, ...]) -> int:
    return wide.index(way) if way in wide else len(wide)


def _gives(name: str, entry: Entry, outline: Outline) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    readers: dict[str, list[str]] = {}
    for reader, wire in outline.edges():
        if wire.source == name:
            readers.setdefault(wire.field.partition(".")[0], []).append(f"{reader}.{wire.port}")
    for wire in outline.outputs:
        if wire.source == name:
            readers.setdefault(wire.field.partition(".")[0], []).append(f"output {wire.port}")
    for part, kind in entry.given():
        yield part, kind, tuple(dict.fromkeys(readers.get(part, ())))
