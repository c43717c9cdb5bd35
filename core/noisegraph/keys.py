"""Keys: a hash of how a value is made, never of the value, so that what has not changed is never made again."""

from __future__ import annotations

import json
import os
import struct
import weakref
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

from .loop import Later

SIZE = 16
_FLOAT = struct.Struct("<d").pack


class UnkeyedError(Exception):
    """A value of which it is not known how it was made."""


def digest(*parts: bytes) -> bytes:
    """The hash of the parts, each of which ends where it says."""
    return blake2b(b"".join(parts), digest_size=SIZE).digest()


def unique() -> bytes:
    """A key that equals no other: for what may differ from run to run."""
    return os.urandom(SIZE)


def literal(value: Any) -> bytes:
    """Plain data as bytes that tell 1, 1.0, true and "1" apart, and 0.0 from -0.0."""
    kind = type(value)
    if kind is str:
        data = value.encode("utf-8", "surrogatepass")
        return b"s%d:%b" % (len(data), data)
    if kind is int:
        return b"i%d;" % value
    if kind is float:
        return b"f" + _FLOAT(value)
    if kind is bool:
        return b"T" if value else b"F"
    if value is None:
        return b"N"
    if kind is list or kind is tuple:
        return b"[%d:%b" % (len(value), b"".join(map(literal, value)))
    data = json.dumps(value, sort_keys=True).encode()
    return b"j%d:%b" % (len(data), data)


def wire(key: bytes, fields: Sequence[str] = ()) -> bytes:
    """The reading of a value, or of a field of it, by its key."""
    return b"w" + key + b"".join(b".%d:%b" % (len(name), name.encode()) for name in fields) + b";"


class Provenance:
    """Whence the values of a run came: an object -> the reading that gave it. Keeps no value alive that can do without.

    A denoiser may live on inside another after its own node's value was freed; so values are known for as long as they
    live. Tuples and the like, of which Python cannot tell when they die, are known until `forget`.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[Callable[[], Any], bytes]] = {}

    def add(self, value: Any, key: bytes, fields: tuple[str, ...] = ()) -> None:
        """Note that the value, and the fields of it where it is a NamedTuple, were made under the key."""
        if type(value) in _PLAIN:
            return
        number = id(value)
        if number not in self._known:
            self._known[number] = (self._reference(value, number), wire(key, fields))
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            for name, item in zip(value._fields, value, strict=True):
                self.add(item, key, (*fields, name))

    def _reference(self, value: Any, number: int) -> Callable[[], Any]:
        known = self._known
        try:
            return weakref.ref(value, lambda _: known.pop(number, None))
        except TypeError:
            return lambda: value

    def forget(self, value: Any) -> None:
        """The run no longer holds the value."""
        if type(value) in _STRONG or isinstance(value, tuple):
            self._known.pop(id(value), None)
            if hasattr(value, "_fields"):
                for item in value:
                    self.forget(item)

    def encode(self, value: Any) -> bytes:
        """The value as bytes: plain data by its content, all else by whence it came; raises UnkeyedError."""
        if type(value) in _PLAIN:
            return literal(value)
        known = self._known.get(id(value))
        if known is not None and known[0]() is value:
            return known[1]
        if isinstance(value, Later):
            return value.reading
        if isinstance(value, (tuple, list)):
            return b"[%d:%b" % (len(value), b"".join(map(self.encode, value)))
        if isinstance(value, Mapping):
            return b"{%d:%b" % (len(value), b"".join(literal(k) + self.encode(v) for k, v in sorted(value.items())))
        raise UnkeyedError(f"a {type(value).__name__} that came in through no port")


_PLAIN = frozenset((str, int, float, bool, type(None)))
_STRONG = frozenset((list, dict, tuple))


def version_key(version: Callable[..., Any], given: Mapping[str, Any] | None) -> bytes | None:
    """What a node's `version` function adds to its key; None where it fails or gives NaN, so that the node must run."""
    if given is None:
        return None
    try:
        told = version(**given)
        return b"v" + literal(json.loads(json.dumps(told, allow_nan=False, sort_keys=True)))
    except (Exception, SystemExit):
        return None
