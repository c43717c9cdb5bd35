"""A graph against the nodes that it names: all problems at once, found without torch and before anything runs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import GraphError, Place, Problem, did_you_mean
from .files import resolve as resolve_file
from .flat import ARGS, Broken, Flat, FlatNode, Flattener, Literal, Several, Swept, Unset, Wire, wires
from .folders import model_folders
from .garbage import no_search
from .graph import Graph
from .node import NodeSpec, Port
from .order import depth_first
from .registry import Registry
from .types import describe, fields, fits, generic, members

MOST_TOLD = 100
"""How many problems are told; to place each costs a scan of the file."""


@dataclass(frozen=True)
class Feed:
    """A port that an input of the graph reaches."""

    node: FlatNode
    port: Port


@dataclass(frozen=True)
class Checked:
    """A graph that was checked: its nodes, their literals as the functions receive them, and what is wrong.

    `values[n]` maps port -> accepted literal of node n; `swept[port, input]` the accepted values, one a point.
    `order` holds what the outputs need, in the order of running; `unset` the inputs that still need a value.
    """

    flat: Flat
    order: list[int]
    reads: list[list[int]]
    values: list[dict[str, Any]]
    swept: dict[tuple[Port, str], list[Any]]
    points: tuple[dict[str, Any], ...]
    feeds: dict[str, list[Feed]]
    facts: dict[int, Mapping[str, Any]]
    output_types: dict[str, Any]
    unset: tuple[str, ...]
    problems: tuple[Problem, ...]

    def input_type(self, name: str) -> str:
        """The type of an input, as it follows from the ports that it feeds: the narrowest of theirs."""
        kinds = [feed.port.type for feed in self.feeds.get(name, ())]
        narrow = next((kind for kind in kinds if all(fits(kind, other) for other in kinds)), None)
        return describe(narrow) if kinds else "unused"


def check(
    graph: Graph, registry: Registry, given: Mapping[str, Any] | None = None, until: str | None = None
) -> Checked:
    """All that is wrong with a graph whose inputs have the `given` values; `until` makes a node the only output."""
    with no_search():
        return _Checker(graph, registry, given or {}).check(until)


def require(checked: Checked) -> Checked:
    """The same, or GraphError when it has a problem or an input without a value."""
    problems = list(checked.problems)
    for name in checked.unset:
        kind = checked.input_type(name)
        place = checked.flat.top.place("inputs", name)
        problems.append(Problem(place, f"input '{name}' ({kind}) needs a value", f"give it: {name}=..."))
    if problems:
        raise GraphError(problems)
    return checked


class _Checker:
    def __init__(self, graph: Graph, registry: Registry, given: Mapping[str, Any]) -> None:
        self.graph = graph
        self.given = given
        self.allowed = (Path.cwd(), *model_folders())
        self.flattener = Flattener(registry, self.allowed)
        self.problems = self.flattener.problems
        self.points = tuple(
            {name: value for name, value in point.items() if name not in given} for point in graph.points
        )
        self.swept: dict[tuple[Port, str], list[Any]] = {}
        self.feeds: dict[str, list[Feed]] = {}
        self.unset: dict[str, None] = {}
        self.facts: dict[int, Mapping[str, Any]] = {}
        self.output_types: dict[str, Any] = {}
        self._kinds: dict[tuple[NodeSpec, tuple[str, ...]], Any] = {}
        self._fitting: set[tuple[Any, Port]] = set()
        self._bound_kinds: dict[int, Any] = {}
        self._validators: dict[NodeSpec, tuple[str, ...]] = {}

    def check(self, until: str | None) -> Checked:
        flat = self.flattener.flatten(self.graph, self.given)
        self.nodes = flat.nodes
        if until is not None:
            flat = self._until(flat, until)
        elif not flat.outputs and not self.problems:
            hint = 'add "outputs": {"image": "$..."}'
            self.problems.append(Problem(Place(self.graph.name), "the graph has no outputs", hint))
        reads = [_reads(node) for node in self.nodes]
        roots = [wire.node for name in sorted(flat.outputs) for wire in wires(flat.outputs[name])]
        order, cycles = depth_first(roots, reads)
        everything, more = self._all(order, reads)
        self._tell_cycles(cycles or more)
        values: list[dict[str, Any]] = [{} for _ in self.nodes]
        for index in everything:
            values[index] = self._node(index, self.nodes[index])
        self._outputs(flat)
        self._conflicts()
        return Checked(
            flat, order, reads, values, self.swept, self.points, self.feeds, self.facts, self.output_types, tuple(self.unset),
            tuple(self.problems[:MOST_TOLD]),
        )  # fmt: skip

    def _all(self, order: list[int], reads: list[list[int]]) -> tuple[list[int], list[list[int]]]:
        if len(order) == len(reads):
            return order, []
        reached = set(order)
        rest = sorted((i for i in range(len(reads)) if i not in reached), key=lambda i: self.nodes[i].id)
        return depth_first([*order, *rest], reads)

    def _until(self, flat: Flat, until: str) -> Flat:
        for index, node in enumerate(self.nodes):
            if node.id == until:
                return Flat(flat.nodes, {until.replace("/", "_"): Wire(index)}, flat.top)
        hint = did_you_mean(until, [node.id for node in self.nodes]) or "name one of the graph's nodes"
        self.problems.append(Problem(Place(self.graph.name), f"no node '{until}' to stop at", hint))
        return flat

    def _tell_cycles(self, cycles: list[list[int]]) -> None:
        for cycle in cycles[:10]:
            names = [self.nodes[index].id for index in reversed(cycle)]
            shown = names if len(names) <= 12 else [*names[:6], f"... {len(names) - 12} more ...", *names[-6:]]
            node = self.nodes[cycle[0]]
            path = " -> ".join([*shown, names[0]])
            where = node.scope.place("nodes", node.name)
            self.problems.append(Problem(where, f"nodes that wait for one another: {path}"))

    def _node(self, index: int, node: FlatNode) -> dict[str, Any]:
        """Check one node's arguments; its literals as the function receives them."""
        ports = node.spec.ports
        values: dict[str, Any] = {}
        for name, arg in node.args.items():
            port = ports[name]
            kind = type(arg)
            if kind is Wire:
                self._wire(node, port, arg, port.type)
            elif kind not in ARGS:
                self._literal(node, port, arg, values)
            elif kind is Literal:
                self._from_input(node, port, arg, values)
            else:
                self._other(node, port, arg)
        options = node.spec.options
        if options.validate is not None:
            self._validate(node, values)
        if options.facts is not None:
            self._facts(index, node, values)
        if node.spec.generic is not None:
            self._bind_generic(index, node)
        return values

    def _literal(self, node: FlatNode, port: Port, value: Any, values: dict[str, Any]) -> None:
        """A value typed on the node's own port."""
        if port.wired and value is not None:
            self._not_a_wire(node, port, value)
            return
        try:
            values[port.name] = port.accept(value) if port.file is None else self._accept(node, port, value)
        except ValueError as error:
            where = node.scope.place("nodes", node.name, port.name)
            self.problems.append(Problem(where, f"'{port.name}' of {node.spec.full_name} {error}"))

    def _from_input(self, node: FlatNode, port: Port, arg: Literal, values: dict[str, Any]) -> None:
        """A value that comes through an input, of the whole graph or of the sub-graph that the node is in."""
        if arg.source:
            self.feeds.setdefault(arg.source, []).append(Feed(node, port))
        try:
            values[port.name] = self._accept(node, port, arg.value)
        except ValueError as error:
            wanted = f"'{port.name}' of {node.spec.full_name} ({node.id})"
            told = f"input '{arg.source}', for {wanted}, {error}" if arg.source else f"for {wanted}: {error}"
            given = arg.source and arg.source in self.given
            where = Place(self.graph.name) if given else arg.place[0].place(*arg.place[1])
            self.problems.append(Problem(where, told))

    def _accept(self, node: FlatNode, port: Port, value: Any) -> Any:
        accepted = port.accept(value)
        if port.file is None or accepted is None:
            return accepted
        allowed = [folder for folder in (node.scope.graph.folder, *self.allowed) if folder]
        return str(resolve_file(accepted, allowed, port.file.suffixes))

    def _not_a_wire(self, node: FlatNode, port: Port, value: Any) -> None:
        told = f"'{port.name}' of {node.spec.full_name} is wired: it wants {describe(port.type)} from a node"
        known = [*node.scope.graph.nodes, *node.scope.graph.inputs]
        hint = f'did you mean "${value}"?' if value in known else 'write a reference like "$node"'
        self.problems.append(Problem(node.scope.place("nodes", node.name, port.name), told, hint))

    def _wire(self, node: FlatNode, port: Port, wire: Wire, wanted: Any) -> None:
        given = self.kind_of(wire)
        if (given, port) in self._fitting:
            return
        if isinstance(given, _NoFieldError):
            where = node.scope.place("nodes", node.name, port.name)
            self.problems.append(Problem(where, str(given), given.hint))
        elif fits(given, wanted):
            if wanted is port.type:
                self._fitting.add((given, port))
        else:
            source = self.nodes[wire.node]
            field = "".join(f".{name}" for name in wire.fields)
            told = (
                f"'{port.name}' of {node.id} ({node.spec.full_name}) wants {describe(wanted)}, "
                f"but {source.id}{field} ({source.spec.full_name}) gives {describe(given)}"
            )
            hint = (
                f'write a list: "{port.name}": ["${source.name}{field}"]' if port.many else self._offer(source, wanted)
            )
            self.problems.append(Problem(node.scope.place("nodes", node.name, port.name), told, hint))

    def _offer(self, source: FlatNode, wanted: Any) -> str:
        fitting = [name for name, kind in source.spec.outputs.items() if fits(kind, wanted)]
        return f"did you mean '${source.name}.{fitting[0]}'?" if len(fitting) == 1 else ""

    def kind_of(self, wire: Wire) -> Any:
        """The type of the value on a wire; a _NoFieldError where it names a field that is not there."""
        spec = self.nodes[wire.node].spec
        if spec.generic:
            return _field_kind(self._bound_kinds.get(wire.node, Any), wire.fields, spec)
        key = (spec, wire.fields)
        if key not in self._kinds:
            self._kinds[key] = _field_kind(spec.output, wire.fields, spec)
        return self._kinds[key]

    def _other(self, node: FlatNode, port: Port, arg: Any) -> None:
        if type(arg) is Several:
            items = [member for member in members(port.type) if getattr(member, "__origin__", None) is list]
            if not items:
                told = f"'{port.name}' of {node.spec.full_name} wants {describe(port.type)}, found a list"
                self.problems.append(Problem(node.scope.place("nodes", node.name, port.name), told))
                return
            for item in arg.items:
                self._item(node, port, item, items[0].__args__[0])
        elif type(arg) in (Swept, Unset):
            self.feeds.setdefault(arg.name, []).append(Feed(node, port))
            if type(arg) is Unset:
                self.unset[arg.name] = None
            elif (port, arg.name) not in self.swept:
                self.swept[port, arg.name] = self._accept_points(node, port, arg.name)

    def _item(self, node: FlatNode, port: Port, item: Any, wanted: Any) -> None:
        if type(item) is Wire:
            self._wire(node, port, item, wanted)
        elif type(item) is Unset:
            self.unset[item.name] = None
        elif type(item) not in (Broken,):
            told = f"a list of '{port.name}' holds references or values, not both"
            self.problems.append(Problem(node.scope.place("nodes", node.name, port.name), told))

    def _accept_points(self, node: FlatNode, port: Port, name: str) -> list[Any]:
        accepted, told = [], set()
        for index, point in enumerate(self.points):
            try:
                accepted.append(self._accept(node, port, point[name]))
            except ValueError as error:
                accepted.append(None)
                if str(error) not in told:
                    told.add(str(error))
                    wanted = f"'{port.name}' of {node.spec.full_name} ({node.id})"
                    what = f"point {index + 1} of the sweep, '{name}' for {wanted}, {error}"
                    self.problems.append(Problem(self.graph.place("sweep"), what))
        return accepted

    def _validate(self, node: FlatNode, values: dict[str, Any]) -> None:
        validate = node.spec.options.validate
        assert validate is not None
        given = literal_values(node, values, validate)
        if given is not None:
            try:
                validate(**given)
            except Exception as error:
                where = node.scope.place("nodes", node.name)
                told = f"{node.spec.full_name}: {error or type(error).__name__}"
                self.problems.append(Problem(where, told, getattr(error, "hint", "")))

    def _facts(self, index: int, node: FlatNode, values: dict[str, Any]) -> None:
        assert node.spec.options.facts is not None
        known = {name: port.default for name, port in node.spec.ports.items() if not port.required} | values
        for name, arg in node.args.items():
            if type(arg) is Wire:
                found: Any = self.facts.get(arg.node, {})
                for field in arg.fields:
                    found = found.get(field, {}) if isinstance(found, Mapping) else {}
                known[name] = found
        try:
            self.facts[index] = node.spec.options.facts(known)
        except Exception as error:
            where = node.scope.place("nodes", node.name)
            self.problems.append(Problem(where, f"{node.spec.full_name}: {error}", getattr(error, "hint", "")))

    def _bind_generic(self, index: int, node: FlatNode) -> None:
        """A node like `choose(a: T, b: T) -> T`: its output is of the type that its wires have."""
        variable = node.spec.generic
        kinds = [
            self.kind_of(arg)
            for name, arg in node.args.items()
            if type(arg) is Wire and generic(node.spec.ports[name].type) == variable
        ]
        wide = next((kind for kind in kinds if all(fits(other, kind) for other in kinds)), Any)
        self._bound_kinds[index] = wide if node.spec.output == variable else node.spec.output
        if kinds and wide is Any and Any not in kinds:
            shown = ", ".join(describe(kind) for kind in kinds)
            where = node.scope.place("nodes", node.name)
            self.problems.append(Problem(where, f"{node.spec.full_name} wants wires of one type, found {shown}"))

    def _outputs(self, flat: Flat) -> None:
        for name, arg in flat.outputs.items():
            for wire in wires(arg):
                kind = self.output_types[name] = self.kind_of(wire)
                if isinstance(kind, _NoFieldError):
                    self.problems.append(Problem(self.graph.place("outputs", name), str(kind), kind.hint))
            if type(arg) is Unset:
                self.unset[arg.name] = None

    def _conflicts(self) -> None:
        """Tell of inputs that feed ports of types that no value has both of."""
        for name, feeds in self.feeds.items():
            first = feeds[0]
            for other in feeds[1:]:
                if not (fits(first.port.type, other.port.type) or fits(other.port.type, first.port.type)):
                    told = (
                        f"input '{name}' feeds '{first.port.name}' of {first.node.id} "
                        f"({describe(first.port.type)}) and "
                        f"'{other.port.name}' of {other.node.id} ({describe(other.port.type)}), which no value fits"
                    )
                    self.problems.append(Problem(self.graph.place("inputs", name), told, "use two inputs"))
                    break


class _NoFieldError(Exception):
    def __init__(self, told: str, hint: str) -> None:
        super().__init__(told)
        self.hint = hint


def _field_kind(kind: Any, names: tuple[str, ...], spec: NodeSpec) -> Any:
    for name in names:
        known = fields(kind)
        if kind is Any:
            return Any
        if name not in known:
            hint = did_you_mean(name, known) or (f"it has {', '.join(known)}" if known else "write no field")
            return _NoFieldError(f"what {spec.full_name} gives ({describe(kind)}) has no field '{name}'", hint)
        kind = known[name]
    return kind


def _reads(node: FlatNode) -> list[int]:
    """The nodes that a node reads, in the order of its signature: the order of keys in a file does not count."""
    args = node.args
    found: list[int] = []
    for name in node.spec.ports:
        if name in args:
            arg = args[name]
            kind = type(arg)
            if kind is Wire:
                found.append(arg.node)
            elif kind is Several:
                found += [wire.node for wire in wires(arg)]
    return found


def literal_values(node: FlatNode, values: Mapping[str, Any], wanting: Callable[..., Any]) -> dict[str, Any] | None:
    """The literals and defaults for the parameters that a function names, or None where one of them is wired."""
    given: dict[str, Any] = {}
    for name in inspect.signature(wanting).parameters:
        if name in values:
            given[name] = values[name]
        elif name in node.args or name not in node.spec.ports:
            return None
        else:
            given[name] = node.spec.ports[name].default
    return given
