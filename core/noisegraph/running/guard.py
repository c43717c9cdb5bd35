"""What the runner watches for in a node: inputs changed in place, values of the wrong type, NaN."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, ValuesView
from contextlib import suppress
from typing import Any

from ..node import NodeSpec
from ..types import checker, describe, is_tensor

ATOMS = frozenset((int, float, str, bool, bytes, type(None)))


class MisbehaviourError(Exception):
    """A node broke its contract; `kind` is type, nan or mutated."""

    def __init__(self, kind: str, told: str) -> None:
        super().__init__(told)
        self.kind = kind


def leaves(value: Any) -> Iterator[Any]:
    """Every value in nested lists, tuples, objects and dataclasses, containers left out."""
    if type(value) in ATOMS:
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from leaves(item)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from leaves(item)
    elif hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
        for name in value.__dataclass_fields__:
            yield from leaves(getattr(value, name, None))
    else:
        yield value


def stamp(value: Any) -> Any:
    """Something that differs once the value was changed in place: plain data itself, the version of a tensor."""
    kind = type(value)
    if kind in ATOMS:
        return value
    if kind is list:
        return tuple(map(stamp, value))
    if isinstance(value, Mapping):
        return tuple((key, stamp(item)) for key, item in value.items())
    if isinstance(value, tuple) or hasattr(value, "__dataclass_fields__"):
        return tuple(map(stamp, leaves(value)))
    try:
        return getattr(value, "_version", None)
    except RuntimeError:  # a tensor made in torch's inference mode keeps no version
        return None


def held(value: Any) -> Iterator[int]:
    """Numbers for all in the value that can be changed in place: two values that share none are apart."""
    if type(value) in ATOMS:
        return
    yield id(value)
    if isinstance(value, Mapping):
        value = value.values()
    elif hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
        value = [getattr(value, name, None) for name in value.__dataclass_fields__]
    if isinstance(value, (list, tuple, ValuesView)):
        for item in value:
            yield from held(item)
    elif is_tensor(value):
        with suppress(RuntimeError, NotImplementedError):  # of sparse tensors and the like
            yield value.untyped_storage().data_ptr()


def check_value(spec: NodeSpec, value: Any) -> None:
    """Raise MisbehaviourError where a value is not what the node's signature promises."""
    wanted = spec.output
    if not checker(wanted)(value):
        told = f"{spec.full_name} promises {describe(wanted)} and gave {summary(value)}"
        raise MisbehaviourError("type", told)
    for name, kind in spec.outputs.items():
        if not checker(kind)(getattr(value, name)):
            told = f"{spec.full_name} promises {describe(kind)} as '{name}' and gave {summary(getattr(value, name))}"
            raise MisbehaviourError("type", told)
    if not spec.options.nan and has_nan(value):
        raise MisbehaviourError("nan", f"{spec.full_name} gave a value with NaN: {summary(value)}")


def has_nan(value: Any) -> bool:
    """Whether a number or a tensor in the value is NaN."""
    kind = type(value)
    if kind is float:
        return math.isnan(value)
    if kind in ATOMS:
        return False
    for leaf in leaves(value):
        if type(leaf) is float and math.isnan(leaf):
            return True
        if not is_tensor(leaf):
            continue
        if not (leaf.is_floating_point() or leaf.is_complex()):
            continue
        if leaf.itemsize == 1:  # types of eight bits have no arithmetic
            leaf = leaf.float()
        # a sum needs no memory; infinities of both signs make it NaN too, so then every number is looked at
        if bool(leaf.sum().isnan()) and bool(leaf.isnan().any()):
            return True
    return False


def summary(value: Any) -> str:
    """A value in a few words: `float32 [1, 4, 64, 64] on cpu`, `'a red heart'`."""
    try:
        return _summary(value)
    except Exception:  # of a foreign class, or an int of more digits than Python writes down
        return f"a {type(value).__name__}"


def _summary(value: Any) -> str:
    if callable(value):
        return getattr(value, "__qualname__", f"a {type(value).__name__}")
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        where = f" on {value.device}" if hasattr(value, "device") else ""
        return f"{str(value.dtype).removeprefix('torch.')} {list(value.shape)}{where}"
    if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
        inner = ", ".join(summary(item) for item in value[:4])
        return f"{type(value).__name__} of {len(value)}: [{inner}{', ...' if len(value) > 4 else ''}]"
    if hasattr(value, "_fields"):
        inner = ", ".join(f"{name}={summary(getattr(value, name))}" for name in value._fields[:4])
        return f"{type(value).__name__}({inner})"
    if type(value) in ATOMS:
        shown = repr(value)
        return shown if len(shown) <= 60 else f"{shown[:57]}..."
    return f"a {type(value).__name__}"
