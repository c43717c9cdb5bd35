"""From a checked graph to tasks with keys, in the order of running; a sweep shares what its points have in common."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from . import keys
from .check import Checked, literal_values, require
from .checking.args import Literal, Several, Swept, Wire, wires
from .checking.scope import FlatNode
from .errors import GraphError
from .garbage import no_search
from .node import NodeSpec
from .reading import files

if TYPE_CHECKING:
    import networkx

    from .devices import Device


MOST_TASKS = 1_000_000
"""How many tasks a sweep may come to."""


class Read(NamedTuple):
    """The value of task number `task`, or a field of it."""

    task: int
    fields: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class Task:
    """One call of a node: the same call, asked for in several places, is one task.

    `literals` are the arguments that are plain data, `reads` port -> what it reads, `lists` port -> a list of such.
    """

    id: str
    spec: NodeSpec
    code: bytes
    """What stands in keys for the node's name, its code, and the precision that it runs in."""
    key: bytes
    literals: dict[str, Any]
    reads: tuple[tuple[str, Read], ...]
    lists: tuple[tuple[str, tuple[Read, ...]], ...]
    device: str | None
    pure: bool
    """Whether the same key means the same value; not so for what reads an impure node."""
    stored: bool

    def arguments(self, value_of: Callable[[Read], Any]) -> dict[str, Any]:
        """What the node's function is called with, `value_of` giving what is read."""
        arguments = dict(self.literals)
        for name, read in self.reads:
            arguments[name] = value_of(read)
        for name, items in self.lists:
            arguments[name] = [value_of(read) for read in items]
        return arguments

    def upstream(self) -> list[int]:
        """The numbers of the tasks that this one reads."""
        found = [read.task for _, read in self.reads]
        for _, items in self.lists:
            found += [read.task for read in items]
        return found


@dataclass(frozen=True)
class Point:
    """One point of a sweep: the values of the swept inputs and what each output reads, or is."""

    given: Mapping[str, Any]
    outputs: Mapping[str, Read | Literal]


@dataclass(frozen=True, eq=False)
class Plan:
    """All that a run needs to know. `of_node[id]` is the number of a node's task (of the first point that has it)."""

    checked: Checked
    tasks: list[Task]
    points: tuple[Point, ...]
    of_node: dict[str, int]
    device: Device

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
        nodes = self.checked.flat.nodes
        return [facts for node, facts in self.checked.facts.items() if self.of_node.get(nodes[node].id, -1) in numbers]

    def wanted(self) -> list[int]:
        """The numbers of the tasks that the outputs read."""
        return [read.task for point in self.points for read in point.outputs.values() if isinstance(read, Read)]


def plan(checked: Checked, device: Device) -> Plan:
    """The tasks of a graph on a device; raises GraphError when the graph has a problem or an input without a value."""
    with no_search():
        return _Planner(require(checked), device).plan()


class _Planner:
    def __init__(self, checked: Checked, device: Device) -> None:
        self.checked = checked
        self.device = device
        self.nodes = checked.flat.nodes
        self.tasks: list[Task] = []
        self.by_key: dict[bytes, int] = {}
        self.of_node: dict[str, int] = {}
        self.codes: dict[tuple[NodeSpec, str | None], bytes] = {}

    def plan(self) -> Plan:
        if self.checked.points == ({},):
            numbers: dict[int, int] = {}
            for index in self.checked.order:
                numbers[index] = self._task(index, numbers, -1)
            points = [self._point(numbers, -1)]
        else:
            points = self._sweep()
        return Plan(self.checked, self.tasks, tuple(points), self.of_node, self.device)

    def _sweep(self) -> list[Point]:
        varying = _varying(self.checked)
        shared: dict[int, int] = {}
        for index in self.checked.order:
            if index not in varying:
                shared[index] = self._task(index, shared, -1)
        own = [index for index in self.checked.order if index in varying]
        if len(own) * len(self.checked.points) > MOST_TASKS:
            told = f"{len(self.checked.points)} points of {len(own)} nodes each are more than {MOST_TASKS} tasks"
            raise GraphError.of(told, "sweep fewer values", self.checked.flat.top.place("sweep"))
        points = []
        for number in range(len(self.checked.points)):
            numbers = ChainMap({}, shared)
            for index in own:
                numbers[index] = self._task(index, numbers, number)
            points.append(self._point(numbers, number))
        return points

    def _point(self, numbers: Mapping[int, int], number: int) -> Point:
        given = self.checked.points[number] if number >= 0 else {}
        outputs: dict[str, Read | Literal] = {}
        for name, arg in self.checked.flat.outputs.items():
            if type(arg) is Wire:
                outputs[name] = Read(numbers[arg.node], arg.fields)
            elif type(arg) is Swept:
                outputs[name] = Literal(given[arg.name], (self.checked.flat.top, ("sweep",)))
            elif type(arg) is Literal:
                outputs[name] = arg
        return Point(given, outputs)

    def _task(self, index: int, numbers: Mapping[int, int], point: int) -> int:
        """The number of the task of node `index`, made now unless one of its key is there."""
        node = self.nodes[index]
        spec = node.spec
        values = node.values if point < 0 else self._at_point(node, point)
        args = node.args if spec.options.reads is None else _kept(node, values)
        device = node.raw.get("device")
        reads: list[tuple[str, Read]] = []
        lists: list[tuple[str, tuple[Read, ...]]] = []
        code = self._code(spec, device)
        parts = [code]
        pure = spec.options.pure
        for name, default in _ports(spec):
            arg = args.get(name)
            if type(arg) is Wire:
                read = Read(numbers[arg.node], arg.fields)
                reads.append((name, read))
                parts.append(self._reading(read))
                pure = pure and self.tasks[read.task].pure
            elif name in values:
                parts.append(_literal(spec, name, values[name]))
            elif type(arg) is Several:
                items = tuple(Read(numbers[wire.node], wire.fields) for wire in wires(arg))
                lists.append((name, items))
                parts += [b"[%d:" % len(items), *map(self._reading, items)]
                pure = pure and all(self.tasks[item.task].pure for item in items)
            else:
                parts.append(default)
        if spec.options.version is not None:
            version = keys.version_key(spec.options.version, literal_values(node, values, spec.options.version))
            pure = pure and version is not None
            parts.append(version or keys.unique())
        key = keys.digest(*parts) if spec.options.pure else keys.unique()
        number = self.by_key.get(key)
        if number is None:
            number = self.by_key[key] = len(self.tasks)
            name = node.id if point < 0 else f"{node.id}[{point}]"
            self.tasks.append(Task(name, spec, code, key, values, tuple(reads), tuple(lists), device, pure, pure))
        if node.raw.get("cache") is False:  # said of one of several twins it holds for the task that they share
            self.tasks[number].stored = False
        self.of_node.setdefault(node.id, number)
        return number

    def _reading(self, read: Read) -> bytes:
        return keys.wire(self.tasks[read.task].key, read.fields)

    def _at_point(self, node: FlatNode, point: int) -> dict[str, Any]:
        """The node's literals with those of one point of the sweep."""
        values = dict(node.values)
        for name, arg in node.args.items():
            if type(arg) is Swept:
                values[name] = self.checked.swept[node.spec.ports[name], arg.name][point]
        return values

    def _code(self, spec: NodeSpec, device: str | None) -> bytes:
        known = self.codes.get((spec, device))
        if known is None:
            precision = self.device.precision if device is None else self.device.on(device).precision
            known = self.codes[spec, device] = _code(spec, precision if spec.options.device else "")
        return known


@lru_cache(maxsize=4096)
def _code(spec: NodeSpec, precision: str) -> bytes:
    return keys.digest(spec.fingerprint, keys.literal([spec.full_name, precision]))


@lru_cache(maxsize=4096)
def _ports(spec: NodeSpec) -> tuple[tuple[str, bytes], ...]:
    """Each port with what stands for its default in a key."""
    return tuple(
        (port.name, b"-" if port.required else keys.literal(port.dump(port.default))) for port in spec.ports.values()
    )


def _literal(spec: NodeSpec, name: str, value: Any) -> bytes:
    """A literal as part of a key; a file counts by its content."""
    kind = type(value)
    if kind is int or kind is float:
        return keys.literal(value)
    port = spec.ports[name]
    if port.file is not None and value is not None:
        return b"F" + keys.literal([files.digest(path) for path in files.named(value)])
    return keys.literal(port.dump(value))


def _kept(node: FlatNode, values: Mapping[str, Any]) -> dict[str, Any]:
    """The node's arguments without the wires that it will not read, where it says so from its literals."""
    assert node.spec.options.reads is not None
    given = literal_values(node, values, node.spec.options.reads)
    if given is None:
        return node.args
    kept = set(node.spec.options.reads(**given))
    return {name: arg for name, arg in node.args.items() if name in kept or not node.spec.ports[name].wired}


def _varying(checked: Checked) -> set[int]:
    """The nodes whose tasks differ from point to point: those that read a swept input, and all that read them."""
    varying: set[int] = set()
    for index in checked.order:
        args = checked.flat.nodes[index].args.values()
        if any(type(arg) is Swept for arg in args) or not varying.isdisjoint(checked.flat.nodes[index].reads):
            varying.add(index)
    return varying
