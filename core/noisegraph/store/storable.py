"""Whether the values of a port's type can be stored, told from the annotation alone."""

from __future__ import annotations

import builtins
import collections.abc
import enum
import sys
import types
import typing
from typing import Any, Literal, NewType, TypeVar, get_args, get_origin

from ..types import members, plain
from ..values import Tensor
from .records import field_names

_PLAIN = (type(None), bool, int, float, str, bytes)
_CONTAINERS = (list, tuple, dict, collections.abc.Sequence, collections.abc.Mapping)


def storable(kind: Any, coded: tuple[type, ...] = ()) -> bool:
    """False where no value of the type has a codec: functions, protocols, arbitrary classes.

    True is a guess: of `Any`, of type variables and of annotations that cannot be resolved only the value can tell.
    `coded` are the classes that plugins bring codecs for.
    """
    return _storable(kind, coded, ())


def _storable(kind: Any, coded: tuple[type, ...], above: tuple[Any, ...]) -> bool:
    kind = plain(kind)
    if kind in (Any, object, Ellipsis, Tensor) or isinstance(kind, TypeVar | str) or kind in above:
        return True
    if isinstance(kind, NewType):
        return _storable(kind.__supertype__, coded, above)
    if get_origin(kind) is Literal:
        return True
    if get_origin(kind) in (typing.Union, types.UnionType):
        return all(_storable(member, coded, above) for member in members(kind))
    outer = get_origin(kind) or (type(None) if kind is None else kind)
    if not isinstance(outer, type):
        return False
    if outer in _CONTAINERS:
        return all(_storable(part, coded, above) for part in get_args(kind))
    if outer in _PLAIN or issubclass(outer, (enum.Enum, *coded)) or _is_array(outer):
        return True
    return field_names(outer) is not None and all(
        _storable(hint, coded, (*above, kind)) for hint in _field_types(outer)
    )


def _is_array(kind: type) -> bool:
    numpy = sys.modules.get("numpy")  # another thread may be at importing it
    kinds = getattr(numpy, "ndarray", None), getattr(numpy, "generic", None)
    return None not in kinds and issubclass(kind, kinds)  # type: ignore[arg-type]


def _field_types(kind: type) -> list[Any]:
    try:
        hints = typing.get_type_hints(kind, localns=_Names(kind))
    except Exception:
        return []
    return [hints.get(name, Any) for name in field_names(kind) or ()]


class _Names(dict[str, Any]):
    """What names in a class's annotations mean; those that only type checkers import mean anything."""

    def __init__(self, kind: type) -> None:
        super().__init__({"Tensor": Tensor})
        self.module = vars(sys.modules[kind.__module__])

    def __missing__(self, name: str) -> Any:
        return self.module.get(name, getattr(builtins, name, Any))
