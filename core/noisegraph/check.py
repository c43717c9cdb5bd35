"""A graph against the nodes that it names: all problems at once, found without torch and before anything runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from .checking import authors
from .checking.args import wires
from .checking.feeds import Feed, Feeds, conflicts, type_of_input
from .checking.flat import Flattener
from .checking.literals import Literals, Sweeps, sweep_key
from .checking.order import cycle_problem, depth_first
from .checking.scope import ARGS, Arg, Flat, FlatNode, Several, Swept, Unset, Wire
from .checking.scope import Literal as FromInput
from .checking.wiring import NoFieldError, Wiring
from .errors import GraphError, Place, Problem, did_you_mean, in_order
from .facts import Facts
from .garbage import no_search
from .port import Port
from .registry import Registry
from .written import Graph

MOST_CYCLES = 10
"""How many cycles are told."""


class Checked(NamedTuple):
    """A graph that was checked. The literals in the `args` of its nodes are now as the functions receive them.

    `order` holds what the outputs need, in the order of running; `swept` the accepted values of swept inputs; `feeds`
    the ports that each input reaches; `facts[n]` what is known of the value of node n; `unset` the inputs that still
    need a value.
    """

    flat: Flat
    order: list[int]
    swept: Sweeps
    points: tuple[dict[str, Any], ...]
    feeds: Feeds
    output_types: Mapping[str, Any]
    facts: Mapping[int, Facts]
    unset: tuple[str, ...]
    problems: tuple[Problem, ...]

    def swept_value(self, node: FlatNode, port: str, name: str, point: int) -> Any:
        """What a swept input gives to a port at one point of the sweep, as the node's function receives it."""
        return self.swept[sweep_key(node, node.spec.ports[port], name)][point]

    def input_type(self, name: str) -> str:
        """The type of an input, as it follows from the ports that it feeds."""
        return type_of_input(name, self.feeds)


def check(
    graph: Graph, registry: Registry, given: Mapping[str, Any] | None = None, until: str | None = None
) -> Checked:
    """All that is wrong with a graph whose inputs have the `given` values; `until` makes a node the only output."""
    with no_search():
        return _Checker(graph, registry, given or {}).check(until)


def require(checked: Checked, open_inputs: bool = False) -> Checked:
    """The same, or GraphError when it has a problem or, unless inputs may be open, an input without a value."""
    problems = [*checked.problems, *([] if open_inputs else missing(checked))]
    if problems:
        raise GraphError(problems)
    return checked


def missing(checked: Checked) -> list[Problem]:
    """The inputs that still need a value, as problems."""
    top = checked.flat.top
    return [
        Problem(
            top.place("inputs", name),
            f"input '{name}' ({checked.input_type(name)}) needs a value",
            f"give it: {name}=...",
        )
        for name in checked.unset
    ]


class _Checker:
    def __init__(self, graph: Graph, registry: Registry, given: Mapping[str, Any]) -> None:
        self.graph = graph
        self.given = given
        self.flattener = Flattener(registry)
        self.problems = self.flattener.problems
        self.points = (
            tuple({name: value for name, value in point.items() if name not in given} for point in graph.points)
            if given
            else graph.points
        )
        self.literals = Literals(graph, given, self.points, self.problems)
        self.feeds: dict[str, list[Feed]] = {}
        self.types: dict[str, Any] = {}
        self.unset: dict[str, None] = {}
        self.facts: dict[int, Facts] = {}

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
        self.problems.extend(cycle_problem(self.nodes, cycle) for cycle in (cycles or more)[:MOST_CYCLES])
        for index in everything:
            self._node(index, self.nodes[index])
        self._outputs(flat)
        self.problems.extend(conflicts(self.graph, self.feeds))
        unset = tuple(self.unset)
        told = tuple(in_order(self.problems.told(), self.graph.name)) if self.problems.met else ()
        swept = self.literals.swept
        return Checked(flat, order, swept, self.points, self.feeds, self.types, self.facts, unset, told)

    def _all(self, order: list[int], reads: list[tuple[int, ...]]) -> tuple[list[int], list[list[int]]]:
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

    def _node(self, index: int, node: FlatNode) -> None:
        """Check one node: its literals, its wires, and what its author says of them."""
        spec, args, before = node.spec, node.args, self.problems.met
        ports = spec.ports
        for name, arg in args.items():
            port = ports[name]
            if type(arg) is Wire:
                self.wiring.check(node, port, arg, port.type)
            elif type(arg) in ARGS:
                self._other(node, port, arg)
            elif port.scalar:
                try:
                    args[name] = port.strict(arg)
                except ValueError:
                    self.literals.typed(node, port, arg)  # tells it in the words of the port
            else:
                self.literals.typed(node, port, arg)
        options = spec.options
        if options.validate is not None:
            authors.validate(node, options.validate, self._at_points(node), self.problems)
        if options.facts is not None and self.problems.met == before:
            known = authors.facts(node, options.facts, self.facts, self.problems)
            if known is not None:
                self.facts[index] = known
        if spec.generic is not None:
            self.wiring.bind(index, node)

    def _other(self, node: FlatNode, port: Port, arg: Any) -> None:
        if type(arg) is Several:
            self.wiring.check_list(node, port, arg)
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

    def _at_points(self, node: FlatNode) -> Iterator[Mapping[str, Arg]]:
        """What the node is given at each point of the sweep that its ports accept; once where no input is swept."""
        swept = {
            name: self.literals.swept[sweep_key(node, node.spec.ports[name], arg.name)]
            for name, arg in node.args.items()
            if type(arg) is Swept
        }
        for number in range(len(self.points)) if swept else ():
            here = {name: values[number] for name, values in swept.items()}
            if all(value is not None or node.spec.ports[name].optional for name, value in here.items()):
                yield node.args | here
        if not swept:
            yield node.args

    def _outputs(self, flat: Flat) -> None:
        for name, arg in flat.outputs.items():
            if type(arg) is Wire:
                self.types[name] = kind = self.wiring.kind(arg)
                if isinstance(kind, NoFieldError):
                    self.problems.append(Problem(self.graph.place("outputs", name), str(kind), kind.hint))
            elif type(arg) is Unset:
                self.unset[arg.name] = None
