"""How many bytes of memory a value holds."""

from __future__ import annotations

import sys
from typing import Any

from ..types import is_tensor
from .arrays import is_array

_SCALARS = {type(None): 16, bool: 28, int: 32, float: 24, complex: 32}
_UNKNOWN = 256
"""What an object of an unknown kind is counted as; a function or a sampler is small."""


def size_of(value: Any) -> int:
    """Bytes held: tensors count with their whole storage (once each), containers with all they hold."""
    size = _SCALARS.get(type(value))
    return size if size is not None else _walk(value)


def _walk(value: Any) -> int:
    """Iterative, so that no depth of nesting is too much."""
    total, left = 0, [value]
    seen: set[object] = set()
    while left:
        one = left.pop()
        size = _SCALARS.get(type(one))
        if size is not None:
            total += size
            continue
        if id(one) in seen:
            continue
        seen.add(id(one))
        held = _array(one, seen)
        if held is None:
            inner = _inner(one)
            held = _UNKNOWN if inner is None else sys.getsizeof(one)
            left.extend(inner or ())
        total += held
    return total


def _array(value: Any, seen: set[object]) -> int | None:
    """The bytes of a tensor's storage or of an array's data, few where they were counted already; else None."""
    if is_tensor(value):
        if value.is_meta or str(value.layout) != "torch.strided":
            return _UNKNOWN
        storage = value.untyped_storage()
        address, size = storage.data_ptr(), storage.nbytes()
    elif is_array(value):
        owner = value
        while is_array(getattr(owner, "base", None)):
            owner = owner.base
        address, size = owner.__array_interface__["data"][0], owner.nbytes
    else:
        return None
    if ("data", address) in seen:
        return _UNKNOWN
    seen.add(("data", address))
    return int(size) + _UNKNOWN


def _inner(value: Any) -> list[Any] | None:
    """What a container, a dataclass or a network holds; None for objects of an unknown kind."""
    if isinstance(value, str | bytes | bytearray):
        return []
    if isinstance(value, list | tuple | set | frozenset):
        return list(value)
    if isinstance(value, dict):
        return [*value, *value.values()]
    fields = getattr(type(value), "__dataclass_fields__", None)
    if fields is not None:
        return [getattr(value, name, None) for name in fields]
    if hasattr(value, "parameters") and hasattr(value, "buffers"):  # a torch module
        return [*value.parameters(), *value.buffers()]
    return None
