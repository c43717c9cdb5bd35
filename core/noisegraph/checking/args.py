"""What a port can be given: a value, a wire, an input that is swept or unset, or a list of these."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from ..node import NodeSpec
    from .scope import Scope


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


def literals(args: Mapping[str, Arg]) -> dict[str, Any]:
    """Of what ports are given, the plain data."""
    return {name: arg for name, arg in args.items() if type(arg) not in ARGS}


def literals_for(wanting: Callable[..., Any], spec: NodeSpec, args: Mapping[str, Arg]) -> dict[str, Any] | None:
    """The literals and defaults for the parameters that a function names, or None where one of them is wired."""
    given: dict[str, Any] = {}
    for name in inspect.signature(wanting).parameters:
        if name not in spec.ports or type(args.get(name)) in ARGS:
            return None
        given[name] = args[name] if name in args else spec.ports[name].default
    return given


def wires(arg: Arg) -> Sequence[Wire]:
    """The wires in an argument."""
    if type(arg) is Wire:
        return (arg,)
    return [wire for item in arg.items for wire in wires(item)] if type(arg) is Several else ()
