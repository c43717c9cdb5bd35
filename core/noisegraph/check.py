"""A graph against the nodes that it names: all problems at once, found without torch and before anything runs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .checking.args import Literal as FromInput
from .checking.args import Several, Swept, Unset, Wire, wires
from .checking.flat import Flattener
from .checking.literals import Literals, Sweeps, sweep_key
from .checking.order import depth_first
from .checking.scope import Flat, FlatNode
from .checking.wiring import Wiring
from .errors import MOST_TOLD, GraphError, Place, Problem, did_you_mean
from .garbage import no_search
from .graph import Graph
from .port import Port
from .registry import Registry
from .types import describe, fits


@dataclass(frozen=True)
class Feed:
    """A port that an input of the graph reaches."""

    node: FlatNode
    port: Port


@dataclass(frozen=True)
class Checked:
    """A graph that was checked. The `values` of its nodes are now as the functions receive them.

    `order` holds what the outputs need, in the order of running; `swept` the accepted values of swept inputs; `feeds`
    the ports that each input reaches; `facts[n]` what is known of the value of node n; `unset` the inputs that still
    need a value.
    """

    flat: Flat
    order: list[int]
    swept: Sweeps
    points: tuple[dict[str, Any], ...]
    feeds: Mapping[str, list[Feed]]
    output_types: Mapping[str, Any]
    facts: Mapping[int, Mapping[str, Any]]
    unset: tuple[str, ...]
    problems: tuple[Problem, ...]

    def swept_value(self, node: FlatNode, port: str, name: str, point: int) -> Any:
        """What a swept input gives to a port at one point of the sweep, as the node's function receives it."""
        return self.swept[sweep_key(node, node.spec.ports[port], name)][point]

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
        self.flattener = Flattener(registry)
        self.problems = self.flattener.problems
        self.points = tuple(
            {name: value for name, value in point.items() if name not in given} for point in graph.points
        )
        self.literals = Literals(graph, given, self.points, self.problems)
        self.feeds: dict[str, list[Feed]] = {}
        self.types: dict[str, Any] = {}
        self.unset: dict[str, None] = {}
        self.facts: dict[int, Mapping[str, Any]] = {}

    def check(self, until: str | None) -> Checked:
        flat = self.flattener.flatten(self.graph, self.given)
        self.nodes = flat.nodes
        self.wiring = Wiring(flat.nodes, self.problems)
        if until is not None:
            flat = self._until(flat, until)
        elif not flat.outputs and not self.problems and self.graph.left_out is None:
            hint = 'add "outputs": {"image": "$..."}'
            self.problems.append(Problem(Place(self.graph.name), "the graph has no outputs", hint))
        reads = [node.reads for node in flat.nodes]
        roots = [wire.node for name in sorted(flat.outputs) for wire in wires(flat.outputs[name])]
        order, cycles = depth_first(roots, reads)
        everything, more = self._all(order, reads)
        self._tell_cycles(cycles or more)
        for index in everything:
            self._node(index, self.nodes[index])
        self._outputs(flat)
        self._conflicts()
        told = tuple(self.problems[:MOST_TOLD])
        unset = tuple(self.unset)
        swept = self.literals.swept
        return Checked(flat, order, swept, self.points, self.feeds, self.types, self.facts, unset, told)

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

    def _node(self, index: int, node: FlatNode) -> None:
        """Check one node: its literals, its wires, and what it says itself of them."""
        spec, values, before = node.spec, node.values, len(self.problems)
        ports = spec.ports
        for name, value in values.items():
            port = ports[name]
            if port.scalar:
                try:
                    values[name] = port.strict(value)
                    continue
                except ValueError:
                    pass  # told in the words of the port
            self.literals.typed(node, port, value)
        for name, arg in node.args.items():
            port = ports[name]
            if type(arg) is Wire:
                self.wiring.check(node, port, arg, port.type)
            else:
                self._other(node, port, arg)
        if spec.options.validate is not None:
            self._validate(node)
        if spec.options.facts is not None and len(self.problems) == before:
            self._facts(index, node)
        if spec.generic is not None:
            self.wiring.bind(index, node)

    def _other(self, node: FlatNode, port: Port, arg: Any) -> None:
        if type(arg) is Several:
            self.wiring.check_list(node, port, arg)
            self.unset |= {item.name: None for item in arg.items if type(item) is Unset}
        elif type(arg) is FromInput:
            if arg.source:
                self.feeds.setdefault(arg.source, []).append(Feed(node, port))
            self.literals.given(node, port, arg)
        elif type(arg) in (Swept, Unset):
            self.feeds.setdefault(arg.name, []).append(Feed(node, port))
            if type(arg) is Unset:
                self.unset[arg.name] = None
            else:
                self.literals.sweep(node, port, arg.name)

    def _validate(self, node: FlatNode) -> None:
        validate = node.spec.options.validate
        assert validate is not None
        told: set[str] = set()
        for values in self._at_points(node):
            given = literal_values(node, values, validate)
            try:
                if given is not None:
                    validate(**given)
            except (Exception, SystemExit) as error:
                where = node.scope.place("nodes", node.name)
                what = f"{node.spec.full_name}: {error or type(error).__name__}"
                if what not in told and len(told) < MOST_TOLD:
                    told.add(what)
                    self.problems.append(Problem(where, what, getattr(error, "hint", "")))

    def _at_points(self, node: FlatNode) -> Iterator[Mapping[str, Any]]:
        """The node's literals at each point of the sweep that its ports accept; once where it reads no swept input."""
        swept = {
            name: self.literals.swept[sweep_key(node, node.spec.ports[name], arg.name)]
            for name, arg in node.args.items()
            if type(arg) is Swept
        }
        for number in range(len(self.points)) if swept else ():
            here = {name: values[number] for name, values in swept.items()}
            if all(value is not None or node.spec.ports[name].optional for name, value in here.items()):
                yield node.values | here
        if not swept:
            yield node.values

    def _facts(self, index: int, node: FlatNode) -> None:
        assert node.spec.options.facts is not None
        known = {name: port.default for name, port in node.spec.ports.items() if not port.required} | node.values
        for name, arg in node.args.items():
            if type(arg) is Wire:
                found: Any = self.facts.get(arg.node, {})
                for field in arg.fields:
                    found = found.get(field, {}) if isinstance(found, Mapping) else {}
                known[name] = found
        if any(name not in known and port.wired for name, port in node.spec.ports.items()):
            return  # a wire is missing or leads nowhere, which has been told
        try:
            self.facts[index] = node.spec.options.facts(known)
        except (Exception, SystemExit) as error:
            where = node.scope.place("nodes", node.name)
            self.problems.append(Problem(where, f"{node.spec.full_name}: {error}", getattr(error, "hint", "")))

    def _outputs(self, flat: Flat) -> None:
        for name, arg in flat.outputs.items():
            for wire in wires(arg):
                self.types[name] = self.wiring.output(wire, self.graph, name)
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
