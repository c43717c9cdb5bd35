"""A graph opened up: its sub-graphs laid out as one list of nodes, every reference resolved."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from .errors import GraphError, Place, PluginError, Problem, did_you_mean
from .files import resolve as resolve_file
from .graph import SUFFIX, Graph, find
from .node import RESERVED, NodeSpec
from .registry import Registry

DEVICE = re.compile(r"cpu|mps|cuda(:\d{1,3})?")
DEEPEST = 32
"""How deep graphs may stand in graphs."""
MOST_NODES = 1_000_000
"""How many nodes a graph may open up to."""


class Literal(NamedTuple):
    """A value that came through an input, and where it was typed; `source` is the whole graph's input, if it was one.

    A value typed on a node's own port stands as itself.
    """

    value: Any
    place: tuple[Scope, tuple[str | int, ...]]
    source: str = ""


class Wire(NamedTuple):
    """The value of node number `node`, or a field of it."""

    node: int
    fields: tuple[str, ...] = ()


class Swept(NamedTuple):
    """An input of the graph whose value differs from point to point of a sweep."""

    name: str


class Unset(NamedTuple):
    """An input of the graph that has no value yet."""

    name: str


class Several(NamedTuple):
    """A list with references among its items."""

    items: tuple[Arg, ...]


class Broken(NamedTuple):
    """A reference that leads nowhere; its problem has been told."""


Arg: TypeAlias = "Literal | Wire | Swept | Unset | Several | Broken | Any"


ARGS = frozenset((Literal, Wire, Swept, Unset, Several, Broken))


@dataclass(slots=True, eq=False)
class FlatNode:
    """One node of the opened graph: `id` is its path, like `refine/guided`.

    `values` are the literals typed on its ports, `args` what else it was given, `reads` the nodes that it reads.
    """

    id: str
    name: str
    spec: NodeSpec
    scope: Scope
    raw: dict[str, Any]
    values: dict[str, Any]
    args: dict[str, Arg]
    reads: list[int]


@dataclass(slots=True, eq=False)
class Scope:
    """One graph at its place in the whole: what its inputs are bound to, and which of the flat nodes are its own."""

    graph: Graph
    prefix: str
    parent: Scope | None
    within: str
    bound: dict[str, Any]
    nodes: dict[str, int | Scope] = field(default_factory=dict)
    known: dict[str, Arg] = field(default_factory=dict)

    @property
    def depth(self) -> int:
        """How many graphs this one stands in."""
        return 0 if self.parent is None else 1 + self.parent.depth

    def place(self, *path: str | int, key: bool = False) -> Place:
        """Where a part of this graph stands; sub-graphs add where they stand to the path."""
        place = self.graph.place(*path, key=key)
        if self.parent is None:
            return place
        return Place(place.file, place.line, place.column, f"{place.path} (in {self.prefix.rstrip('/')})")


@dataclass(frozen=True)
class Flat:
    """The opened graph; `top` is the scope of the graph itself."""

    nodes: list[FlatNode]
    outputs: dict[str, Arg]
    top: Scope


class Flattener:
    """Opens one graph; `problems` gathers what is wrong with it."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.nodes: list[FlatNode] = []
        self.problems: list[Problem] = []
        self._specs: dict[str, NodeSpec | None] = {}
        self._files: dict[str, Graph] = {}

    def flatten(self, graph: Graph, given: Mapping[str, Any]) -> Flat:
        """The opened graph with `given` values for its inputs."""
        top = Scope(graph, "", None, "", {})
        self._bind_top(top, given)
        self._needs(top)
        self._open(top)
        for node in self.nodes:
            self._wire(node)
        outputs = {name: self._output(top, name) for name in graph.outputs}
        return Flat(self.nodes, outputs, top)

    def _bind_top(self, top: Scope, given: Mapping[str, Any]) -> None:
        graph = top.graph
        for name in given:
            if name not in graph.inputs:
                hint = did_you_mean(name, graph.inputs) or f"its inputs are {', '.join(graph.inputs) or 'none'}"
                self.problems.append(Problem(Place(graph.name), f"no input '{name}' to give a value to", hint))
        swept = graph.points[0].keys() - given.keys()
        for name, default in graph.inputs.items():
            if name in swept:
                top.bound[name] = Swept(name)
            else:
                value = given[name] if name in given else self._default(top, name, default)
                top.bound[name] = Unset(name) if value is None else Literal(value, (top, ("inputs", name)), name)

    def _default(self, scope: Scope, name: str, value: Any) -> Any:
        return self._plain(scope, value, ("inputs", name)) if type(value) in (str, list, dict) else value

    def _needs(self, scope: Scope) -> None:
        if scope.graph.needs:
            for told in self.registry.check_needs(scope.graph.needs):
                self.problems.append(Problem(scope.place("needs"), told))

    def _open(self, scope: Scope) -> None:
        """Make a flat node of every node of the graph, and open those that are graphs."""
        specs, nodes, own, prefix = self._specs, self.nodes, scope.nodes, scope.prefix
        for name, raw in scope.graph.nodes.items():
            use = raw["use"]
            spec = specs.get(use)
            if spec is None:
                if _is_graph(use):
                    self._open_graph(scope, name, raw)
                    continue
                spec = self._spec(scope, name, use)
                if spec is None:
                    continue
            own[name] = len(nodes)
            nodes.append(FlatNode(prefix + name, name, spec, scope, raw, {}, {}, []))

    def _spec(self, scope: Scope, name: str, use: str) -> NodeSpec | None:
        if use not in self._specs or self._specs[use] is None:
            try:
                self._specs[use] = self.registry.spec(use)
            except PluginError as error:
                self.problems.append(Problem(scope.place("nodes", name, "use"), str(error)))
                self._specs[use] = None
        return self._specs[use]

    def _open_graph(self, scope: Scope, name: str, raw: dict[str, Any]) -> None:
        try:
            graph = self._graph(scope, raw["use"])
            self._refuse_self(scope, graph)
        except (GraphError, ValueError) as error:
            where = scope.place("nodes", name, "use")
            told = error.problems if isinstance(error, GraphError) else [Problem(where, str(error))]
            self.problems += [one if one.where.file else Problem(where, one.what, one.hint) for one in told]
            return
        if len(self.nodes) + len(graph.nodes) > MOST_NODES:
            raise GraphError.of(f"the graph opens up to more than {MOST_NODES} nodes", where=scope.place("nodes", name))
        inner = Scope(graph, f"{scope.prefix}{name}/", scope, name, {})
        scope.nodes[name] = inner
        self._needs(inner)
        self._bind(inner, raw)
        self._open(inner)

    def _graph(self, scope: Scope, use: str) -> Graph:
        if use in scope.graph.parts:
            return scope.graph.parts[use]
        if use.endswith(SUFFIX):
            use = str(resolve_file(use, scope.graph.readable))
        if use not in self._files:
            self._files[use] = find(use)
        return self._files[use]

    def _refuse_self(self, scope: Scope, graph: Graph) -> None:
        chain, above = [graph.name], scope
        while True:
            chain.append(above.graph.name)
            if above.graph.text == graph.text:
                raise GraphError.of(f"a graph that includes itself: {' <- '.join(chain)}")
            if above.parent is None:
                break
            above = above.parent
        if scope.depth >= DEEPEST:
            raise GraphError.of(f"graphs stand more than {DEEPEST} deep in graphs")

    def _bind(self, inner: Scope, raw: dict[str, Any]) -> None:
        """Bind a sub-graph's inputs to what its includer gives; the references are resolved when they are asked for."""
        assert inner.parent is not None
        for key in raw:
            if key not in inner.graph.inputs and key not in RESERVED:
                hint = did_you_mean(key, inner.graph.inputs) or f"it has {', '.join(inner.graph.inputs) or 'none'}"
                where = inner.parent.place("nodes", inner.within, key, key=True)
                self.problems.append(Problem(where, f"{inner.graph.name} has no input '{key}'", hint))
        for name, default in inner.graph.inputs.items():
            if name in raw:
                inner.bound[name] = Ellipsis
            elif default is None:
                where = inner.parent.place("nodes", inner.within)
                self.problems.append(Problem(where, f"{inner.graph.name} needs a value for its input '{name}'"))
                inner.bound[name] = Broken()
            else:
                inner.bound[name] = Literal(self._default(inner, name, default), (inner, ("inputs", name)))

    def _wire(self, node: FlatNode) -> None:
        """Resolve what the node's object gives to its ports, and tell of keys that are no ports and of missing ones."""
        spec, args, values, scope = node.spec, node.args, node.values, node.scope
        ports, known = spec.ports, scope.known
        for key, value in node.raw.items():
            if key in ports:
                kind = type(value)
                if kind is str and value[:1] == "$":
                    found = known[value] if value in known else self._reference(scope, value, ("nodes", node.name, key))
                elif kind is list or kind is dict:
                    found = self._value(scope, value, ("nodes", node.name, key))
                else:
                    found = value
                if type(found) in ARGS:
                    args[key] = found
                else:
                    values[key] = found
            elif key != "use":
                self._reserved(node, key, value)
        for port in spec.required:
            if port not in args and port not in values:
                self._missing(node, port)
        node.reads = _reads(spec, args)

    def _reserved(self, node: FlatNode, key: str, value: Any) -> None:
        """Check what is said of a node beside its ports."""
        if key not in RESERVED:
            ports = node.spec.ports
            hint = did_you_mean(key, ports) or f"it has {', '.join(ports) or 'none'}"
            where = node.scope.place("nodes", node.name, key, key=True)
            self.problems.append(Problem(where, f"no such port or parameter of {node.spec.full_name}: '{key}'", hint))
            return
        told = ""
        if key == "device" and not (isinstance(value, str) and DEVICE.fullmatch(value)):
            told = f"no such device: {json.dumps(value)}; write cpu, cuda, cuda:1 or mps"
        elif key == "cache" and type(value) is not bool:
            told = f"'cache' is true or false, found {json.dumps(value)}"
        elif key == "about" and not isinstance(value, str):
            told = f"'about' is a text, found {json.dumps(value)}"
        if told:
            self.problems.append(Problem(node.scope.place("nodes", node.name, key), told))

    def _missing(self, node: FlatNode, port: str) -> None:
        found = node.spec.ports[port]
        hint = f'wire it: "{port}": "$..."' if found.wired else f'give it a value: "{port}": ...'
        told = f"{node.spec.full_name} needs '{port}'"
        self.problems.append(Problem(node.scope.place("nodes", node.name), told, hint))

    def _value(self, scope: Scope, value: Any, path: tuple[str | int, ...]) -> Arg:
        if type(value) is str and value[:1] == "$":
            return self._reference(scope, value, path)
        if type(value) is list and any(type(item) is str and item[:1] == "$" and item[:2] != "$$" for item in value):
            return Several(tuple(self._value(scope, item, (*path, index)) for index, item in enumerate(value)))
        return self._plain(scope, value, path) if type(value) in (list, dict) else value

    def _plain(self, scope: Scope, value: Any, path: tuple[str | int, ...]) -> Any:
        """A list or object without references; `$$` becomes `$`."""
        if type(value) is list:
            return [self._plain(scope, item, (*path, index)) for index, item in enumerate(value)]
        if type(value) is dict:
            return {key: self._plain(scope, item, (*path, key)) for key, item in value.items()}
        if type(value) is str and value[:1] == "$":
            if value[:2] == "$$":
                return value[1:]
            told = "a reference cannot stand here; it stands alone on a port, or in a port's list"
            self.problems.append(Problem(scope.place(*path), told, 'write "$$" for a literal dollar'))
        return value

    def _reference(self, scope: Scope, text: str, path: tuple[str | int, ...]) -> Arg:
        if text[:2] == "$$":
            return text[1:]
        if text not in scope.known:
            try:
                scope.known[text] = self._resolve(scope, text, path)
            except _CircularError:
                self.problems.append(Problem(scope.place(*path), f"{text} leads back to itself"))
                scope.known[text] = Broken()
        return scope.known[text]

    def _resolve(self, scope: Scope, text: str, path: tuple[str | int, ...]) -> Arg:
        name, *fields = text[1:].split(".")
        if name in scope.bound:
            return self._field(scope, self._bound(scope, name), fields, text, path)
        target = scope.nodes.get(name)
        if isinstance(target, int):
            return Wire(target, tuple(fields))
        if isinstance(target, Scope):
            outputs = target.graph.outputs
            first = fields[0] if fields else next(iter(outputs)) if len(outputs) == 1 else ""
            if first in outputs:
                return self._field(scope, self._output(target, first), fields[1:], text, path)
            told = f"{text}: {target.graph.name} has the outputs {', '.join(outputs) or 'none'}"
            self.problems.append(Problem(scope.place(*path), told, did_you_mean(first, outputs) or "name one of them"))
            return Broken()
        if name not in scope.graph.nodes:  # a node whose own trouble has been told is not told again
            hint = did_you_mean(name, [*scope.graph.inputs, *scope.graph.nodes]) or 'write "$$" for a literal dollar'
            self.problems.append(Problem(scope.place(*path), f"{text[:200]} refers to nothing", hint))
        return Broken()

    def _bound(self, scope: Scope, name: str) -> Arg:
        arg = scope.bound[name]
        if arg is Ellipsis:
            assert scope.parent is not None
            scope.bound[name] = _Busy
            path = ("nodes", scope.within, name)
            arg = self._value(scope.parent, scope.parent.graph.nodes[scope.within][name], path)
            arg = arg if type(arg) in ARGS else Literal(arg, (scope.parent, path))
            scope.bound[name] = arg
        if arg is _Busy:
            raise _CircularError
        return arg

    def _output(self, scope: Scope, name: str) -> Arg:
        return self._reference(scope, scope.graph.outputs[name], ("outputs", name))

    def _field(self, scope: Scope, arg: Arg, fields: list[str], text: str, path: tuple[str | int, ...]) -> Arg:
        if not fields or type(arg) is Broken:
            return arg
        if type(arg) is Wire:
            return Wire(arg.node, (*arg.fields, *fields))
        self.problems.append(Problem(scope.place(*path), f"{text}: a plain value has no fields"))
        return Broken()


_Busy = object()


class _CircularError(Exception):
    """A chain of sub-graph inputs and outputs that closes on itself."""


def _is_graph(use: str) -> bool:
    return use.endswith(SUFFIX) or "/" in use or "." not in use


def wires(arg: Arg) -> Iterator[Wire]:
    """The wires in an argument."""
    if type(arg) is Wire:
        yield arg
    elif type(arg) is Several:
        for item in arg.items:
            yield from wires(item)


def _reads(spec: NodeSpec, args: Mapping[str, Arg]) -> list[int]:
    """The nodes in the arguments, in the order of the signature: the order of keys in a file does not count."""
    if len(args) == 1:
        return [wire.node for arg in args.values() for wire in wires(arg)]
    return [wire.node for name in spec.ports if name in args for wire in wires(args[name])]
