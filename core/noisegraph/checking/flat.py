"""A graph opened up: its sub-graphs laid out as one list of nodes, what each port is given resolved."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ..devices import DTYPES
from ..errors import MOST_TOLD, GraphError, Place, PluginError, Problem, did_you_mean
from ..graph import SUFFIX, find
from ..needs import unmet
from ..node import RESERVED, NodeSpec
from ..port import Port
from ..reading.files import resolve
from ..registry import Registry
from ..written import Graph
from .args import wires
from .problems import Problems
from .references import References
from .scope import Broken, Flat, FlatNode, Literal, Scope, Swept, Unset, Wire

DEVICE = re.compile(r"cpu|mps|cuda(:\d{1,3})?")
DEEPEST = 32
"""How deep graphs may stand in graphs."""
MOST_NODES = 1_000_000
"""How many nodes a graph may open up to."""
MOST_GRAPHS = 20_000
"""How many graphs may stand in a graph: without nodes of their own they would double at each depth for nothing."""


class Flattener:
    """Opens one graph; `problems` gathers what is wrong with it."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.nodes: list[FlatNode] = []
        self.problems = Problems()
        self.opened = 0
        self.references = References(self.problems)
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
        known, reference = top.known, self.references.reference
        outputs = {
            name: known.get(text) or reference(top, text, ("outputs", name)) for name, text in graph.outputs.items()
        }
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
                unset = value is None and name not in given  # null, when given, is a value like any other
                top.bound[name] = Unset(name) if unset else Literal(value, (top, ("inputs", name)), name)

    def _default(self, scope: Scope, name: str, value: Any) -> Any:
        return self.references.plain(scope, value, ("inputs", name)) if type(value) in (str, list, dict) else value

    def _needs(self, scope: Scope) -> None:
        if scope.graph.needs:
            for told in unmet(scope.graph.needs):
                self.problems.append(Problem(scope.place("needs"), told))

    def _open(self, scope: Scope) -> None:
        """Make a flat node of every node of the graph, and open those that are graphs."""
        specs, nodes, known, prefix = self._specs, self.nodes, scope.known, scope.prefix
        for name, raw in scope.graph.nodes.items():
            use = raw["use"]
            spec = specs.get(use)
            if spec is None:
                if len(self.problems) >= MOST_TOLD:
                    return
                if _is_graph(use):
                    self._open_graph(scope, name, raw)
                    continue
                spec = self._spec(scope, name, use)
                if spec is None:
                    continue
            known["$" + name] = tuple.__new__(Wire, (len(nodes), ()))  # as Wire(len(nodes)) in half the time
            nodes.append(FlatNode(prefix + name, name, spec, scope, raw, {}, ()))

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
            self.problems.extend(one if one.where.file else Problem(where, one.what, one.hint) for one in told)
            return
        self.opened += 1
        if len(self.nodes) + len(graph.nodes) > MOST_NODES or self.opened > MOST_GRAPHS:
            what = f"the graph opens up to more than {MOST_NODES} nodes or {MOST_GRAPHS} graphs"
            raise GraphError.of(what, where=scope.place("nodes", name))
        inner = Scope(graph, f"{scope.prefix}{name}/", scope, name, {})
        scope.graphs[name] = inner
        self._needs(inner)
        self._bind(inner, raw)
        self._open(inner)

    def _graph(self, scope: Scope, use: str) -> Graph:
        if use in scope.graph.parts:
            return scope.graph.parts[use]
        if use.endswith(SUFFIX):
            use = str(resolve(use, scope.graph.readable))
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
        raw, args, known = node.raw, node.args, node.scope.known
        reads: list[int] = []
        for key, port in node.spec.ports.items():  # the order of keys in a file does not count
            if key not in raw:
                if port.required:
                    self._missing(node, port)
                continue
            value = raw[key]
            wire = known.get(value) if type(value) is str else None
            if type(wire) is Wire:  # as nearly all references are
                args[key] = wire
                reads.append(wire.node)
            elif type(value) in (str, list, dict):
                args[key] = found = self.references.value(node.scope, value, ("nodes", node.name, key))
                reads += [one.node for one in wires(found)]
            else:
                args[key] = value
        node.reads = tuple(reads)
        if len(args) < len(raw) - 1:
            self._others(node)

    def _others(self, node: FlatNode) -> None:
        """Check what is said of a node beside its ports."""
        ports = node.spec.ports
        for key, value in node.raw.items():
            if key in RESERVED:
                self._reserved(node, key, value)
            elif key not in ports:
                hint = did_you_mean(key, ports) or f"it has {', '.join(ports) or 'none'}"
                where = node.scope.place("nodes", node.name, key, key=True)
                what = f"no such port or parameter of {node.spec.full_name}: '{key}'"
                self.problems.append(Problem(where, what, hint))

    def _reserved(self, node: FlatNode, key: str, value: Any) -> None:
        told = ""
        if key == "device" and not (isinstance(value, str) and DEVICE.fullmatch(value)):
            told = f"no such device: {json.dumps(value)}; write cpu, cuda, cuda:1 or mps"
        elif key == "dtype" and value not in DTYPES:
            told = f"no such dtype: {json.dumps(value)}; write {', '.join(DTYPES)}"
        elif key == "cache" and type(value) is not bool:
            told = f"'cache' is true or false, found {json.dumps(value)}"
        elif key == "about" and not isinstance(value, str):
            told = f"'about' is a text, found {json.dumps(value)}"
        elif key in ("device", "dtype"):
            node.device = _device(node.raw)
        elif key == "cache":
            node.stored = value
        if told:
            self.problems.append(Problem(node.scope.place("nodes", node.name, key), told))

    def _missing(self, node: FlatNode, port: Port) -> None:
        hint = f'wire it: "{port.name}": "$..."' if port.wired else f'give it a value: "{port.name}": ...'
        told = f"{node.spec.full_name} needs '{port.name}'"
        self.problems.append(Problem(node.scope.place("nodes", node.name), told, hint))


def _device(raw: Mapping[str, Any]) -> str:
    """What a node says of its device and dtype, as `Device.on` reads it."""
    device, dtype = raw.get("device", ""), raw.get("dtype")
    return f"{device}/{dtype}" if dtype else str(device)


def _is_graph(use: str) -> bool:
    return use.endswith(SUFFIX) or "/" in use or "." not in use
