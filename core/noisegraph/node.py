"""`@node`: the signature of a typed function becomes a NodeSpec of wired ports, parameters and an output."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, TypeVar, get_args, get_origin, overload

from .docstring import Docstring, apart
from .errors import PluginError
from .loop import Loop
from .port import Port
from .types import fields, generic, plain

F = TypeVar("F", bound=Callable[..., Any])
RESERVED = ("use", "about", "device", "dtype", "cache")
"""Keys of a node in a graph file that are not ports."""


class NodeSpec:
    """What the engine knows of a node: its ports, its output, its help, and how it wants to be run."""

    def __init__(self, function: Callable[..., Any], options: Options) -> None:
        self.function = function
        self.options = options
        self.name = function.__name__
        self.full_name = function.__name__
        self.plugin = ""
        self.fingerprint = b""

    def named(self, plugin: str, fingerprint: bytes) -> NodeSpec:
        """A copy that carries its plugin's name and the fingerprint of its code.

        Raises PluginError for a function that is no node. What is found in its signature, all copies share.
        """
        _ = self.ports, self.output
        named = copy(self)
        named.plugin, named.full_name, named.fingerprint = plugin, f"{plugin}.{self.name}", fingerprint
        return named

    @cached_property
    def doc(self) -> str:
        """The whole docstring, or the empty string."""
        return inspect.getdoc(self.function) or ""

    @property
    def help(self) -> str:
        """The docstring's first line."""
        return self.doc.split("\n", 1)[0]

    @cached_property
    def told(self) -> Docstring:
        """The docstring, taken apart."""
        return apart(self.doc, inspect.signature(self.function).parameters)

    @cached_property
    def hints(self) -> dict[str, Any]:
        """Annotation of every parameter and of the return, resolved; raises PluginError for one that is missing."""
        try:
            hints = typing.get_type_hints(self.function, include_extras=True)
        except Exception as error:
            raise PluginError(f"node '{self.name}': its annotations cannot be read: {error}") from error
        for parameter in inspect.signature(self.function).parameters.values():
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
                raise PluginError(f"node '{self.name}': '{parameter}' is not a port; name every port")
            if parameter.name not in hints:
                raise PluginError(f"node '{self.name}': port '{parameter.name}' has no annotation")
            if parameter.name in RESERVED:
                raise PluginError(f"node '{self.name}': a port cannot be called '{parameter.name}'")
        if "return" not in hints:
            raise PluginError(f"node '{self.name}': the return has no annotation")
        return hints

    @cached_property
    def ports(self) -> dict[str, Port]:
        """Every input by name, in the order of the signature."""
        hints = self.hints
        found = {}
        for parameter in inspect.signature(self.function).parameters.values():
            required = parameter.default is parameter.empty
            port = found[parameter.name] = Port(
                parameter.name,
                hints[parameter.name],
                wired=parameter.kind is parameter.POSITIONAL_OR_KEYWORD,
                required=required,
                default=None if required else parameter.default,
                help=_described(hints[parameter.name]) or self.told.ports.get(parameter.name, ""),
            )
            if not port.written:
                told = f"the default of '{port.name}' cannot be written down as JSON"
                raise PluginError(f"node '{self.name}': {told}")
            if port.default and port.file is not None:
                told = f"the file '{port.name}' has a default; a graph names the file, or none is read"
                raise PluginError(f"node '{self.name}': {told}")
        return found

    @cached_property
    def required(self) -> tuple[str, ...]:
        """The names of the ports that have no default."""
        return tuple(port.name for port in self.ports.values() if port.required)

    @cached_property
    def inputs(self) -> tuple[Port, ...]:
        """The wired ports."""
        return tuple(port for port in self.ports.values() if port.wired)

    @cached_property
    def params(self) -> tuple[Port, ...]:
        """The parameters."""
        return tuple(port for port in self.ports.values() if not port.wired)

    @cached_property
    def loops(self) -> bool:
        """Whether the node returns a Loop."""
        returned = plain(self.hints["return"])
        return returned is Loop or get_origin(returned) is Loop

    @cached_property
    def output(self) -> Any:
        """The type of the node's value; of what its loop finishes with, where it loops."""
        returned = plain(self.hints["return"])
        if not self.loops:
            return returned
        return plain(get_args(returned)[0]) if get_args(returned) else Any

    @cached_property
    def generic(self) -> TypeVar | None:
        """The type variable of a node like `choose(a: T, b: T) -> T`, whose output is typed by its wires."""
        return generic(self.output)

    @cached_property
    def outputs(self) -> dict[str, Any]:
        """Field -> type, where the value is a NamedTuple or dataclass; wires may take one: `$node.field`."""
        return fields(self.output)

    def __repr__(self) -> str:
        return f"NodeSpec({self.full_name})"


def _described(annotation: Any) -> str:
    """What `Field(description=...)` says."""
    notes = annotation.__metadata__ if get_origin(annotation) is Annotated else ()
    return next((str(note.description) for note in notes if getattr(note, "description", None)), "")


@dataclass(frozen=True)
class Options:
    """How a node wants to be treated; the keyword arguments of `@node`."""

    pure: bool = True
    early: bool = False
    device: bool = True
    facts: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None
    validate: Callable[..., None] | None = None
    version: Callable[..., Any] | None = None
    reads: Callable[..., Iterable[str]] | None = None
    nan: bool = False


@overload
def node(function: F, /) -> F: ...


@overload
def node(
    *,
    pure: bool = True,
    early: bool = False,
    device: bool = True,
    facts: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None,
    validate: Callable[..., None] | None = None,
    version: Callable[..., Any] | None = None,
    reads: Callable[..., Iterable[str]] | None = None,
    nan: bool = False,
) -> Callable[[F], F]: ...


def node(function: F | None = None, /, **options: Any) -> F | Callable[[F], F]:
    """Mark a typed function as a node; the same function is returned.

    pure: False for a node whose value may differ from run to run; it and all that reads it are never cached.
    early: the node is cheap and needs no torch, so that planning may call it; what is not there yet arrives as `Later`.
    device: False for a node that does not want the device (it reads a file, say) and may run beside one that does.
    facts: from the facts of the inputs (port -> facts or literal) those of the value; raises NodeError on a misfit.
    validate: called with the literal parameters that it names; raises ValueError for values that do not go together.
    version: called with the literal parameters that it names; its value is part of the cache key.
    reads: called with the literal parameters that it names; gives the wired ports that the node will read. What feeds
        the others does not run, and they get their defaults.
    nan: True for a node whose value may hold NaN; elsewhere that is an error of the node.
    """

    def mark(function: F) -> F:
        function.__noisegraph__ = NodeSpec(function, Options(**options))  # type: ignore[attr-defined]
        return function

    return mark if function is None else mark(function)


def spec_of(function: Callable[..., Any]) -> NodeSpec:
    """The NodeSpec that `@node` hung on the function; raises PluginError where there is none."""
    spec = getattr(function, "__noisegraph__", None)
    if not isinstance(spec, NodeSpec):
        raise PluginError(f"{function!r} is not a node; decorate it with @ng.node")
    return spec
