"""Wires against the ports at their ends: what a wire carries, and whether it may flow where it leads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args, get_origin

from ..errors import Place, Problem, did_you_mean
from ..node import NodeSpec
from ..port import Port
from ..types import describe, fields, fits, generic, members
from .problems import Problems
from .scope import Broken, FlatNode, Several, Wire


class NoFieldError(Exception):
    """Stands for the type of a field that a value does not have; `hint` says what to try."""

    def __init__(self, told: str, hint: str) -> None:
        super().__init__(told)
        self.hint = hint


class Wiring:
    """Knows what every node gives. Nodes like `choose(a: T) -> T` must be bound before what reads them is checked."""

    def __init__(self, nodes: Sequence[FlatNode], problems: Problems) -> None:
        self.nodes = nodes
        self.problems = problems
        self._specs = [node.spec for node in nodes]
        self._kinds: dict[tuple[NodeSpec, tuple[str, ...]], Any] = {}
        self._bound: dict[int, Any] = {}
        self._fitting: set[tuple[NodeSpec, tuple[str, ...], Port, bool]] = set()

    def kind(self, wire: Wire) -> Any:
        """The type of the value on a wire; a NoFieldError where it names a field that is not there."""
        spec = self._specs[wire.node]
        given = spec.output if spec.generic is None else self._bound.get(wire.node, Any)
        if not wire.fields:
            return given
        if spec.generic is not None:
            return _field_kind(given, wire.fields, spec)
        key = (spec, wire.fields)
        kind = self._kinds.get(key)
        if kind is None:
            kind = self._kinds[key] = _field_kind(given, wire.fields, spec)
        return kind

    def check(self, node: FlatNode, port: Port, wire: Wire, wanted: Any) -> None:
        """Tell where the wire's value may not flow into the port; `wanted` is its type, or that of its list's items."""
        spec = self._specs[wire.node]
        pair = (spec, wire.fields, port, wanted is port.type)
        if pair in self._fitting:
            return
        given = self.kind(wire)
        if not isinstance(given, NoFieldError) and fits(given, wanted) and port.file is None:
            if spec.generic is None:
                self._fitting.add(pair)
            return
        where = _written(node, port)
        if port.file is not None:
            told = f"'{port.name}' of {node.spec.full_name} names a file, which no node can choose"
            self.problems.append(Problem(where, told, "type the path, here or in an input"))
            return
        if isinstance(given, NoFieldError):
            self.problems.append(Problem(where, str(given), given.hint))
            return
        source = self.nodes[wire.node]
        field = "".join(f".{name}" for name in wire.fields)
        told = (
            f"'{port.name}' of {node.id} ({node.spec.full_name}) wants {describe(wanted)}, "
            f"but {source.id}{field} ({source.spec.full_name}) gives {describe(given)}"
        )
        listed = any(
            fits(given, item) for kind in members(wanted) if get_origin(kind) is list for item in get_args(kind)
        )
        hint = f'write a list: "{port.name}": ["${source.name}{field}"]' if listed else _offer(source, wanted)
        self.problems.append(Problem(where, told, hint))

    def check_list(self, node: FlatNode, port: Port, arg: Several) -> None:
        """The same for a list of wires."""
        where = ("nodes", node.name, port.name)
        lists = [member for member in members(port.type) if get_origin(member) is list]
        if not lists:
            told = f"'{port.name}' of {node.spec.full_name} wants {describe(port.type)}, found a list"
            self.problems.append(Problem(node.scope.place(*where), told))
            return
        for item in arg.items:
            if type(item) is Wire:
                self.check(node, port, item, get_args(lists[0])[0])
            elif type(item) is not Broken:
                told = f"the list of '{port.name}' holds references to nodes or values, not both"
                self.problems.append(Problem(node.scope.place(*where), told, "let a node make the value"))
                return

    def bind(self, index: int, node: FlatNode) -> None:
        """Find the type that a generic node gives from the wires that it reads."""
        variable = node.spec.generic
        kinds = [
            self.kind(arg)
            for name, arg in node.args.items()
            if type(arg) is Wire and generic(node.spec.ports[name].type) == variable
        ]
        wide = next((kind for kind in kinds if all(fits(other, kind) for other in kinds)), Any)
        self._bound[index] = wide if node.spec.output == variable else node.spec.output
        if kinds and wide is Any and Any not in kinds:
            told = f"{node.spec.full_name} wants wires of one type, found {', '.join(map(describe, kinds))}"
            self.problems.append(Problem(node.scope.place("nodes", node.name), told))


def _field_kind(kind: Any, names: tuple[str, ...], spec: NodeSpec) -> Any:
    for name in names:
        if kind is Any:
            return Any
        known = fields(kind)
        if name not in known:
            hint = did_you_mean(name, known) or (f"it has {', '.join(known)}" if known else "write no field")
            return NoFieldError(f"what {spec.full_name} gives ({describe(kind)}) has no field '{name}'", hint)
        kind = known[name]
    return kind


def _written(node: FlatNode, port: Port) -> Place:
    """Where the wire of a port was written: where a graph is used, for a wire that came through its inputs."""
    scope, path = node.scope, ("nodes", node.name, port.name)
    text = node.raw[port.name]
    while scope.parent is not None and isinstance(text, str):
        use = scope.parent.graph.nodes[scope.within]
        name = text[1:].partition(".")[0]
        if name not in scope.graph.inputs or name not in use:
            break
        text, path, scope = use[name], ("nodes", scope.within, name), scope.parent
    return scope.place(*path)


def _offer(source: FlatNode, wanted: Any) -> str:
    fitting = [name for name, kind in source.spec.outputs.items() if fits(kind, wanted)]
    return f"did you mean '${source.name}.{fitting[0]}'?" if len(fitting) == 1 else ""
