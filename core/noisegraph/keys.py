"""Keys: a hash of how a value is made, never of the value, so that what has not changed is never made again."""

from __future__ import annotations

import json
import os
import struct
import weakref
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, TypeAlias

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
    if kind is int:
        return b"i%d;" % value
    if kind is str:
        data = value.encode("utf-8", "surrogatepass")
        return b"s%d:%b" % (len(data), data)
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


READING = b"w%b;"
"""The reading of a whole value, for its key."""


def wire(key: bytes, fields: Sequence[str] = ()) -> bytes:
    """The reading of a value, or of a field of it, by its key."""
    if not fields:  # as nearly always
        return READING % key
    return b"w" + key + b"".join(b".%d:%b" % (len(name), name.encode()) for name in fields) + b";"


Living: TypeAlias = dict[int, tuple[Callable[[], Any], bytes]]
"""The number of a living object -> a weak reference to it, and the reading that gave it."""


class Provenance:
    """Whence the values of a run came: an object -> the reading that gave it. Keeps no value alive that can do without.

    A denoiser may live on inside another after its own node's value was freed, and in the memory of a cache after the
    run; so values are known in `living` for as long as they live, and whoever keeps values keeps that. Tuples and the
    like, of which Python cannot tell when they die, are known until `forget`.
    """

    def __init__(self, living: Living | None = None) -> None:
        self._living: Living = {} if living is None else living
        self._held: dict[int, tuple[Any, bytes]] = {}

    def add(self, value: Any, key: bytes, fields: tuple[str, ...] = ()) -> None:
        """Note that the value, and the fields of it where it is a NamedTuple, were made under the key."""
        if type(value) in _PLAIN:
            return
        if self._reading(value) is None:
            self._note(value, wire(key, fields))
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            for name, item in zip(value._fields, value, strict=True):
                self.add(item, key, (*fields, name))

    def _note(self, value: Any, reading: bytes) -> None:
        number, living = id(value), self._living
        try:
            living[number] = (weakref.ref(value, lambda _: living.pop(number, None)), reading)
        except TypeError:
            self._held[number] = (value, reading)

    def _reading(self, value: Any) -> bytes | None:
        known = self._living.get(id(value))
        if known is not None and known[0]() is value:
            return known[1]
        held = self._held.get(id(value))
        return None if held is None else held[1]

    def forget(self, value: Any) -> None:
        """The run no longer holds the value."""
        if self._held.pop(id(value), None) is not None and hasattr(value, "_fields"):
            for item in value:
                self.forget(item)

    def encode(self, value: Any) -> bytes:
        """The value as bytes: plain data by its content, all else by whence it came; raises UnkeyedError."""
        if type(value) in _PLAIN:
            return literal(value)
        reading = self._reading(value)
        if reading is not None:
            return reading
        if isinstance(value, Later):
            return value.reading
        if isinstance(value, (tuple, list)):
            return b"[%d:%b" % (len(value), b"".join(map(self.encode, value)))
        if isinstance(value, Mapping):
            return b"{%d:%b" % (len(value), b"".join(literal(k) + self.encode(v) for k, v in sorted(value.items())))
        raise UnkeyedError(f"a {type(value).__name__} that came in through no port")


_PLAIN = frozenset((str, int, float, bool, type(None)))


def version_key(version: Callable[..., Any], given: Mapping[str, Any] | None) -> bytes | None:
    """What a node's `version` function adds to its key; None where it fails or gives NaN, so that the node must run."""
    if given is None:
        return None
    try:
        told = version(**given)
        return b"v" + literal(json.loads(json.dumps(told, allow_nan=False, sort_keys=True)))
    except (Exception, SystemExit):
        return None
