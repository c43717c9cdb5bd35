"""Of what ports are given: the plain data, and the wires."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..node import NodeSpec
from .scope import ARGS, Arg, Several, Wire


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
