"""The tasks of a plan: calls of nodes, with what each reads and the key of its value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from .checking.args import literals, wires
from .checking.scope import Arg, Several, Unset, Wire
from .node import NodeSpec


class Numbers(Protocol):
    """Node -> its task's number: a list, or at points of a sweep what they share."""

    def __getitem__(self, node: int, /) -> int: ...


class Read(NamedTuple):
    """The value of task number `task`, or a field of it."""

    task: int
    fields: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class Task:
    """One call of a node: the same call, asked for in several places, is one task.

    `args` are the node's at one point of a sweep; `numbers[n]` is the task of node n.
    """

    id: str
    spec: NodeSpec
    code: bytes
    """What stands in keys for the node's name, its code, and the precision that it runs in."""
    key: bytes
    args: dict[str, Arg]
    numbers: Numbers
    device: str | None
    pure: bool
    """Whether the same key means the same value; not so for what reads an impure node."""
    stored: bool

    @property
    def literals(self) -> dict[str, Any]:
        """The arguments that are plain data."""
        return literals(self.args)

    @property
    def reads(self) -> list[tuple[str, Read]]:
        """Port -> what it reads."""
        return [(name, self._read(arg)) for name, arg in self.args.items() if type(arg) is Wire]

    @property
    def unset(self) -> list[str]:
        """The inputs without a value that it reads."""
        return [arg.name for arg in self.args.values() if type(arg) is Unset]

    @property
    def lists(self) -> list[tuple[str, list[Read]]]:
        """Port -> a list of what it reads."""
        several = [(name, wires(arg)) for name, arg in self.args.items() if type(arg) is Several]
        return [(name, list(map(self._read, items))) for name, items in several]

    def _read(self, wire: Wire) -> Read:
        return Read(self.numbers[wire.node], wire.fields)

    def arguments(self, value_of: Callable[[Read], Any]) -> dict[str, Any]:
        """What the node's function is called with, `value_of` giving what is read."""
        arguments: dict[str, Any] = {}
        for name, arg in self.args.items():
            if type(arg) is Wire:
                arguments[name] = value_of(self._read(arg))
            elif type(arg) is Several:
                arguments[name] = [value_of(self._read(wire)) for wire in wires(arg)]
            else:
                arguments[name] = arg
        return arguments

    def upstream(self) -> list[int]:
        """The numbers of the tasks that this one reads."""
        return [self.numbers[wire.node] for arg in self.args.values() for wire in wires(arg)]
