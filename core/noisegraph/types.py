"""How port types compare: what may flow into what, whether a value is of a type, and what a type is called."""

from __future__ import annotations

import enum
import sys
import types
import typing
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, Literal, NewType, TypeVar, Union, get_args, get_origin

from .values import Tensor

Check = Callable[[Any], bool]


@cache
def plain(kind: Any) -> Any:
    """The type without `Annotated`; torch's own Tensor becomes the stand-in that signatures use."""
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if getattr(kind, "__name__", "") == "Tensor" and getattr(kind, "__module__", "") in ("torch", "torch._tensor"):
        return Tensor
    return kind


def members(kind: Any) -> tuple[Any, ...]:
    """The members of a union, or the type itself alone."""
    kind = plain(kind)
    if get_origin(kind) in (Union, types.UnionType):
        return tuple(member for part in get_args(kind) for member in members(part))
    return (type(None) if kind is None else kind,)


@cache
def fits(given: Any, wanted: Any) -> bool:
    """Whether every value of type `given` may flow into a port of type `wanted`."""
    given, wanted = plain(given), plain(wanted)
    if given == wanted or wanted in (Any, object) or given is Any or isinstance(wanted, TypeVar):
        return True
    if isinstance(given, TypeVar):
        return given.__bound__ is None or fits(given.__bound__, wanted)
    if len(members(given)) > 1:
        return all(fits(member, wanted) for member in members(given))
    if len(members(wanted)) > 1:
        return any(fits(given, member) for member in members(wanted))
    return _fits_single(members(given)[0], members(wanted)[0])


def _fits_single(given: Any, wanted: Any) -> bool:
    if given == wanted:
        return True
    if isinstance(given, NewType):
        return fits(given.__supertype__, wanted)
    if isinstance(wanted, NewType):
        return False
    if get_origin(given) is Literal:
        values = get_args(given)
        if get_origin(wanted) is Literal:
            return set(values) <= set(get_args(wanted))
        kinds: list[Any] = [type(value) for value in values]
        return all(fits(kind, wanted) for kind in kinds)
    if get_origin(given) or get_origin(wanted):
        return _fits_generic(given, wanted)
    if given is int and wanted is float:
        return True
    if given is bool and wanted in (int, float):
        return False
    if isinstance(given, type) and isinstance(wanted, type):
        return _subclass(given, wanted)
    return False


def _fits_generic(given: Any, wanted: Any) -> bool:
    outer_given, outer_wanted = get_origin(given) or given, get_origin(wanted) or wanted
    if not (isinstance(outer_given, type) and isinstance(outer_wanted, type)):
        return False
    if not _subclass(outer_given, outer_wanted):
        return False
    inner_given, inner_wanted = get_args(given), get_args(wanted)
    if not inner_given or not inner_wanted:
        return True
    return len(inner_given) == len(inner_wanted) and all(map(fits, inner_given, inner_wanted))


def _subclass(given: type, wanted: type) -> bool:
    if getattr(wanted, "_is_protocol", False):
        if wanted in given.__mro__:
            return True
        methods = [name for name in vars(wanted) if name == "__call__" or not name.startswith("_")]
        return bool(methods) and all(any(_declares(base, name) for base in given.__mro__) for name in methods)
    return issubclass(given, wanted)


def _declares(kind: type, name: str) -> bool:
    return name in vars(kind) or name in vars(kind).get("__annotations__", ())  # `hasattr` finds the metaclass's, too


def generic(kind: Any) -> TypeVar | None:
    """The type variable that the type is or holds, if any (`T`, `list[T]`)."""
    if isinstance(kind, TypeVar):
        return kind
    return next((found for part in get_args(plain(kind)) if (found := generic(part))), None)


def fields(kind: Any) -> dict[str, Any]:
    """Field name -> type, for a NamedTuple or a dataclass; empty for other types."""
    kind = plain(kind)
    if not isinstance(kind, type):
        return {}
    names = getattr(kind, "_fields", None) or tuple(getattr(kind, "__dataclass_fields__", ()))
    if not names:
        return {}
    try:
        hints = typing.get_type_hints(kind)
    except NameError:  # a name that is imported for type checkers alone, as torch's are
        hints = {}
    return {name: hints.get(name, Any) for name in names if not name.startswith("_")}


@cache
def checker(kind: Any) -> Check:
    """A predicate that tells whether a value is of the type, as far as values can tell."""
    kind = plain(kind)
    if kind in (Any, object) or isinstance(kind, TypeVar):
        return lambda value: True
    if kind is None or kind is type(None):
        return lambda value: value is None
    if kind is Tensor:
        return is_tensor
    if kind is float:
        return lambda value: type(value) is float or type(value) is int
    if kind is int:
        return lambda value: isinstance(value, int) and type(value) is not bool
    if isinstance(kind, NewType):
        return checker(kind.__supertype__)
    if len(members(kind)) > 1:
        options = [checker(member) for member in members(kind)]
        return lambda value: any(option(value) for option in options)
    if get_origin(kind) is Literal:
        return lambda value: any(value == one and type(value) is type(one) for one in get_args(kind))
    if get_origin(kind):
        return _generic_checker(kind)
    if getattr(kind, "_is_protocol", False):
        names = [name for name in vars(kind) if name == "__call__" or not name.startswith("_")]
        return lambda value: all(hasattr(value, name) for name in names)
    if isinstance(kind, type):
        return lambda value: isinstance(value, kind)
    return lambda value: True


def _generic_checker(kind: Any) -> Check:
    outer, inner = get_origin(kind), get_args(kind)
    if outer is list or outer is set or outer is frozenset:
        each = checker(inner[0])
        return lambda value: isinstance(value, outer) and all(map(each, value))
    if outer is tuple and len(inner) == 2 and inner[1] is Ellipsis:
        each = checker(inner[0])
        return lambda value: isinstance(value, tuple) and all(map(each, value))
    if outer is tuple:
        parts = [checker(part) for part in inner]
        return lambda value: (
            isinstance(value, tuple)
            and len(value) == len(parts)
            and all(p(v) for p, v in zip(parts, value, strict=True))
        )
    if outer is dict:
        key, item = checker(inner[0]), checker(inner[1])
        return lambda value: isinstance(value, dict) and all(key(k) and item(v) for k, v in value.items())
    if isinstance(outer, type):
        return checker(outer)
    return lambda value: callable(value) if outer is Callable else True


def is_tensor(value: object) -> bool:
    """Whether it is a torch.Tensor; False where torch is not imported, or only in part, by another thread."""
    kind = getattr(sys.modules.get("torch"), "Tensor", None)
    return kind is not None and isinstance(value, kind)


def describe(kind: Any) -> str:
    """The type's name as a user reads it: `Image`, `list[Image]`, `float`, `'linear' | 'cosine'`."""
    kind = plain(kind)
    if kind is None or kind is type(None):
        return "none"
    if len(members(kind)) > 1:
        return " | ".join(describe(member) for member in members(kind))
    if get_origin(kind) is Literal:
        return " | ".join(repr(value) for value in get_args(kind))
    if get_origin(kind):
        inner = ", ".join("..." if part is Ellipsis else describe(part) for part in get_args(kind))
        return f"{getattr(get_origin(kind), '__name__', str(get_origin(kind)))}[{inner}]"
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return " | ".join(repr(one.value) for one in kind)
    return getattr(kind, "__name__", str(kind))
