"""Classes of named fields: which ones there are, how they are found again by name, and how a value is put together."""

from __future__ import annotations

import dataclasses
import importlib
import sys
from collections.abc import Mapping
from functools import cache
from typing import Any


def field_names(kind: type) -> tuple[str, ...] | None:
    """The fields of a NamedTuple or a frozen dataclass; None for any other class."""
    if issubclass(kind, tuple):
        return getattr(kind, "_fields", None)
    params = getattr(kind, "__dataclass_params__", None)
    if params is None or not params.frozen:
        return None
    return tuple(field.name for field in dataclasses.fields(kind))  # type: ignore[arg-type]


def rebuild(kind: type, values: Mapping[str, Any]) -> Any:
    """The value with these fields, bit by bit: no constructor of the class runs."""
    fields = field_names(kind)
    if fields is None or values.keys() != set(fields):
        raise LookupError(f"class {kind.__qualname__} has other fields now")
    if issubclass(kind, tuple):
        return tuple.__new__(kind, (values[name] for name in fields))
    value = object.__new__(kind)
    for name, field in values.items():
        object.__setattr__(value, name, field)
    return value


def name_of(kind: type) -> str | None:
    """`module:qualname`, or None where another process would not find the class there."""
    if kind.__module__ == "__main__" or _inside(sys.modules.get(kind.__module__), kind.__qualname__) is not kind:
        return None
    return f"{kind.__module__}:{kind.__qualname__}"


def class_named(name: str) -> type:
    """The class; its module is imported only from an installed distribution. Raises LookupError."""
    module, _, qualname = name.partition(":")
    if module not in sys.modules and not _installed(module.partition(".")[0]):
        raise LookupError(f"no installed distribution holds {module}")
    found = _inside(importlib.import_module(module), qualname)
    if not isinstance(found, type):
        raise LookupError(f"{module} has no class {qualname}")
    return found


def _inside(module: Any, qualname: str) -> Any:
    found = module
    for part in qualname.split("."):
        found = getattr(found, part, None)
    return found


def _installed(package: str) -> bool:
    return package == __package__ or package in _installed_packages()


@cache
def _installed_packages() -> frozenset[str]:
    from importlib.metadata import packages_distributions

    return frozenset(packages_distributions())
