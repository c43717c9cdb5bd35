"""From a checked graph to tasks with keys, in the order of running; a sweep shares what its points have in common."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from . import keys
from .check import Checked, require
from .checking.args import literals_for, wires
from .checking.scope import ARGS, Arg, FlatNode, Literal, Several, Swept, Unset, Wire
from .errors import GraphError
from .garbage import no_search
from .node import NodeSpec
from .recipe import Recipe, recipe
from .task import Numbers, Read, Task

if TYPE_CHECKING:
    import networkx

    from .devices import Device


MOST_TASKS = 1_000_000
"""How many tasks a sweep may come to."""


class Point(NamedTuple):
    """One point of a sweep: the values of the swept inputs and what each output reads, or is."""

    given: Mapping[str, Any]
    outputs: Mapping[str, Read | Literal]


@dataclass(frozen=True, eq=False)
class Plan:
    """All that a run needs to know. `numbers[n]` is the task of node n, at the first point of a sweep.

    `loops` tells whether any of the nodes loops.
    """

    checked: Checked
    tasks: list[Task]
    points: tuple[Point, ...]
    numbers: Numbers
    device: Device
    loops: bool

    @cached_property
    def of_node(self) -> dict[str, int]:
        """The same by the node's id."""
        nodes = self.checked.flat.nodes
        return {nodes[index].id: self.numbers[index] for index in self.checked.order}

    @cached_property
    def dag(self) -> networkx.DiGraph[int]:
        """The tasks by number, with an edge from each to those that read it."""
        import networkx

        dag: networkx.DiGraph[int] = networkx.DiGraph()
        dag.add_nodes_from(range(len(self.tasks)))
        dag.add_edges_from((above, number) for number, task in enumerate(self.tasks) for above in task.upstream())
        return dag

    def facts(self, numbers: Container[int]) -> list[Mapping[str, Any]]:
        """What is known of the values of these tasks."""
        known = self.checked.facts
        return [known[node] for node in self.checked.order if node in known and self.numbers[node] in numbers]


def plan(checked: Checked, device: Device, open_inputs: bool = False) -> Plan:
    """The tasks of a graph on a device; raises GraphError when the graph has a problem or an input without a value.

    `open_inputs`: inputs may be without one; what reads them has a key that is never met again, and cannot run.
    """
    with no_search():
        return _Planner(require(checked, open_inputs), device).plan()


class _Planner:
    def __init__(self, checked: Checked, device: Device) -> None:
        self.checked = checked
        self.device = device
        self.nodes = checked.flat.nodes
        self.tasks: list[Task] = []
        self.impure: set[int] = set()
        self.by_key: dict[bytes, int] = {}
        self.recipes: dict[tuple[NodeSpec, str | None], Recipe] = {}

    def plan(self) -> Plan:
        if self.checked.points == ({},):
            numbers = [-1] * len(self.nodes)
            for index in self.checked.order:
                numbers[index] = self._task(index, numbers, -1)
            return self._plan((self._point(numbers, -1),), numbers)
        of_points = self._sweep()
        return self._plan(tuple(self._point(own, number) for number, own in enumerate(of_points)), of_points[0])

    def _plan(self, points: tuple[Point, ...], numbers: Numbers) -> Plan:
        loops = any(spec.loops for spec, _ in self.recipes)
        return Plan(self.checked, self.tasks, points, numbers, self.device, loops)

    def _sweep(self) -> list[Numbers]:
        """Of each point the tasks of the nodes; those that are the same at all points are shared."""
        shared: dict[int, int] = {}
        varying = _varying(self.checked)
        for index in self.checked.order:
            if index not in varying:
                shared[index] = self._task(index, shared, -1)
        own = [index for index in self.checked.order if index in varying]
        if len(own) * len(self.checked.points) > MOST_TASKS:
            told = f"{len(self.checked.points)} points of {len(own)} nodes each are more than {MOST_TASKS} tasks"
            raise GraphError.of(told, "sweep fewer values", self.checked.flat.top.place("sweep"))
        of_points: list[Numbers] = []
        for point in range(len(self.checked.points)):
            numbers = ChainMap({}, shared)
            for index in own:
                numbers[index] = self._task(index, numbers, point)
            of_points.append(numbers)
        return of_points

    def _point(self, numbers: Numbers, number: int) -> Point:
        given = self.checked.points[number] if number >= 0 else {}
        outputs: dict[str, Read | Literal] = {}
        for name, arg in self.checked.flat.outputs.items():
            if type(arg) is Wire:
                outputs[name] = tuple.__new__(Read, (numbers[arg.node], arg.fields))  # as Read(...) in half the time
            elif type(arg) is Swept:
                outputs[name] = Literal(given[arg.name], (self.checked.flat.top, ("sweep",)))
            elif type(arg) is Literal:
                outputs[name] = arg
        return Point(given, outputs)

    def _task(self, index: int, numbers: Numbers, point: int) -> int:
        """The number of the task of node `index`, made now unless one of its key is there."""
        node, tasks = self.nodes[index], self.tasks
        spec, device = node.spec, node.device
        code, ports, pure, version, reads = self.recipes.get((spec, device)) or self._recipe(spec, device)
        args = node.args if point < 0 else self._at_point(node, point)
        if reads is not None:
            args = _kept(node, args, reads)
        parts = [code]
        for name, encode, default in ports:
            if name not in args:
                parts.append(default)
                continue
            arg = args[name]
            if type(arg) is Wire and not arg.fields:  # as nearly all wires are
                parts.append(keys.READING % tasks[numbers[arg.node]].key)
            elif type(arg) in ARGS:
                parts.append(self._part(arg, numbers))
            else:
                parts.append(encode(arg))
        if version is not None:
            told = keys.version_key(version, literals_for(version, spec, args))
            pure = pure and told is not None
            parts.append(told or keys.unique())
        key = keys.digest(b"".join(parts)) if spec.options.pure else keys.unique()
        new = len(tasks)
        number = self.by_key.setdefault(key, new)
        if number == new:
            if pure and (self.impure or self.checked.unset):
                pure = self._reads_pure(args, numbers)
            name = node.id if point < 0 else f"{node.id}[{point}]"
            tasks.append(Task(name, spec, code, key, args, numbers, device, pure, pure))
            if not pure:
                self.impure.add(number)
        if not node.stored:  # said of one of several twins it holds for the task that they share
            tasks[number].stored = False
        return number

    def _part(self, arg: Arg, numbers: Numbers) -> bytes:
        """What stands in a key for a field of a value, a list, or an input without a value."""
        if type(arg) is Unset:
            return keys.unique()
        length = b"[%d:" % len(arg.items) if type(arg) is Several else b""
        return length + b"".join(keys.wire(self.tasks[numbers[wire.node]].key, wire.fields) for wire in wires(arg))

    def _reads_pure(self, args: Mapping[str, Arg], numbers: Numbers) -> bool:
        """Whether all that is read is pure."""
        return not any(
            type(arg) is Unset or any(numbers[wire.node] in self.impure for wire in wires(arg)) for arg in args.values()
        )

    def _at_point(self, node: FlatNode, point: int) -> dict[str, Arg]:
        """What the node is given at one point of the sweep."""
        value = self.checked.swept_value
        return {
            name: value(node, name, arg.name, point) if type(arg) is Swept else arg for name, arg in node.args.items()
        }

    def _recipe(self, spec: NodeSpec, device: str | None) -> Recipe:
        precision = self.device.precision if device is None else self.device.on(device).precision
        made = self.recipes[spec, device] = recipe(spec, precision)
        return made


def _kept(node: FlatNode, args: dict[str, Arg], reads: Callable[..., Iterable[str]]) -> dict[str, Arg]:
    """The node's arguments without the wires that it will not read, as it says from its literals."""
    given = literals_for(reads, node.spec, args)
    if given is None:
        return args
    kept = set(reads(**given))
    ports = node.spec.ports
    return {name: arg for name, arg in args.items() if name in kept or not ports[name].wired or type(arg) not in ARGS}


def _varying(checked: Checked) -> set[int]:
    """The nodes whose tasks differ from point to point: those that read a swept input, and all that read them."""
    varying: set[int] = set()
    for index in checked.order:
        args = checked.flat.nodes[index].args.values()
        if any(type(arg) is Swept for arg in args) or not varying.isdisjoint(checked.flat.nodes[index].reads):
            varying.add(index)
    return varying
