"""How a value is stored: tensors and plain data become one safetensors container, and come back bit by bit."""

from __future__ import annotations

import enum
import json
import math
import struct
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

from ..types import is_tensor
from .arrays import Shape, array_at, array_blob, is_array, tensor_as_array, tensor_at, tensor_blob
from .container import Blob, CodecError, Span, pack, unpack
from .records import class_named, field_names, name_of, rebuild
from .sizes import size_of
from .storable import storable

__all__ = ["Codec", "CodecError", "Tensors", "decode", "encode", "size_of", "storable"]

Tensors: TypeAlias = Literal["torch", "numpy"]
"""What stored tensors come back as."""
Tree: TypeAlias = Any
"""JSON: null, booleans, short strings and numbers stand for themselves, arrays for lists, {tag: ...} for all else."""
_FORMAT = 1
_LONG_TEXT = 1 << 16
_LONG_INT = 1 << 62
_DEEPEST = 100
"""Nesting beyond which a value is not stored, so that reading it never meets the recursion limit."""


class Codec(NamedTuple):
    """How values of a class are stored that are not made of tensors and plain data; both functions are pure.

    `pack(value)` gives something that can be stored, `unpack` makes the value from it again.
    """

    kind: type
    pack: Callable[[Any], Any]
    unpack: Callable[[Any], Any]


class _NoCodec(Exception):
    """Some part of the value cannot be stored."""


def encode(value: Any, codecs: Sequence[Codec] = ()) -> bytes | None:
    """The value as one safetensors file that carries a checksum, or None where some part of it has no codec.

    Tensors (detached, from any device), numpy arrays, None, bool, int, float, str, bytes, list, tuple, dict with str
    keys, enums, NamedTuples, frozen dataclasses, and what the codecs add. Nothing is pickled.
    """
    writer = _Writer(codecs)
    try:
        text = json.dumps([_FORMAT, writer.write(value)], separators=(",", ":"))
    except _NoCodec:
        return None
    return pack(text, writer.blobs)


def decode(data: bytes | bytearray, codecs: Sequence[Codec] = (), tensors: Tensors = "torch") -> Any:
    """The value that was encoded; raises CodecError where the data is damaged or its classes are gone.

    Tensors come on the CPU; a bytearray is not copied, they lie in it. With tensors="numpy" they come as arrays and
    torch is not imported: bfloat16 as float32, types that numpy lacks altogether as their bytes. Arrays are read-only.
    """
    try:
        text, spans = unpack(data)
        version, tree = json.loads(text)
        if version != _FORMAT:
            raise CodecError(f"it is of format {version}, this noisegraph reads {_FORMAT}")
        return _Reader(data, spans, codecs, tensors).read(tree)
    except CodecError:
        raise
    except Exception as error:
        raise CodecError(f"it cannot be read: {type(error).__name__}: {error}") from error


class _Writer:
    """Turns a value into a tree, and collects the blobs that it names."""

    def __init__(self, codecs: Sequence[Codec]) -> None:
        self.codecs = codecs
        self.blobs: list[Blob] = []
        self.seen: dict[int, tuple[Any, Tree]] = {}

    def write(self, value: Any, depth: int = 0) -> Tree:
        kind, inner = type(value), depth + 1
        if depth > _DEEPEST:
            raise _NoCodec
        if value is None or kind is bool:
            return value
        if kind is int:
            return value if -_LONG_INT < value < _LONG_INT else {"int": hex(value)}
        if kind is float:
            return value if math.isfinite(value) else {"float": struct.pack("<d", value).hex()}
        if kind is str:
            return value if len(value) < _LONG_TEXT else {"text": self.blob(value.encode("utf-8", "surrogatepass"))}
        if kind is bytes:
            return {"bytes": self.blob(value)}
        if kind is list:
            return [self.write(item, inner) for item in value]
        if kind is tuple:
            return {"tuple": [self.write(item, inner) for item in value]}
        if kind is dict and all(type(key) is str for key in value):
            return {"dict": {key: self.write(item, inner) for key, item in value.items()}}
        return self.array(value) or self.coded(value, inner) or self.record(value, inner)

    def blob(self, data: bytes) -> int:
        self.blobs.append(Blob("U8", (len(data),), data))
        return len(self.blobs) - 1

    def array(self, value: Any) -> Tree:
        """The tree of a tensor or array, None for any other value; one that comes twice is stored once."""
        if id(value) in self.seen:
            return self.seen[id(value)][1]
        if is_tensor(value):
            tag, found = "tensor", tensor_blob(value)
        elif is_array(value):
            tag, found = "scalar" if _is_scalar(value) else "array", array_blob(value)
        else:
            return None
        if found is None:
            raise _NoCodec
        tree = {tag: [len(self.blobs), *found[0]]}
        self.blobs.append(found[1])
        self.seen[id(value)] = (value, tree)
        return tree

    def coded(self, value: Any, depth: int) -> Tree:
        codec = next((codec for codec in self.codecs if isinstance(value, codec.kind)), None)
        return codec and {"codec": [name_of(codec.kind), self.write(codec.pack(value), depth)]}

    def record(self, value: Any, depth: int) -> Tree:
        kind = type(value)
        name, fields = name_of(kind), field_names(kind)
        if name and isinstance(value, enum.Enum) and value.name in kind.__members__:
            return {"enum": [name, value.name]}
        if not name or fields is None:
            raise _NoCodec
        return {"record": [name, {field: self.write(getattr(value, field), depth) for field in fields}]}


def _is_scalar(value: Any) -> bool:
    import numpy

    return isinstance(value, numpy.generic)


class _Reader:
    """Turns a tree, and the blobs that it names, into the value again."""

    def __init__(
        self, data: bytes | bytearray, spans: dict[str, Span], codecs: Sequence[Codec], tensors: Tensors
    ) -> None:
        self.data = data
        self.spans = spans
        self.codecs = codecs
        self.tensors = tensors

    def read(self, tree: Tree) -> Any:
        if type(tree) is list:
            return [self.read(item) for item in tree]
        if type(tree) is not dict:
            return tree
        match tree:
            case {"tensor": [index, dtype, shape, order]}:
                return self.tensor(index, Shape(dtype, tuple(shape), tuple(order)))
            case {"record": [name, fields]}:
                return rebuild(class_named(name), {field: self.read(item) for field, item in fields.items()})
            case {"tuple": items}:
                return tuple(self.read(item) for item in items)
            case {"dict": items}:
                return {key: self.read(item) for key, item in items.items()}
            case {"float": bits}:
                return struct.unpack("<d", bytes.fromhex(bits))[0]
            case {"int": digits}:
                return int(digits, 16)
            case {"text": index}:
                return self.bytes(index).decode("utf-8", "surrogatepass")
            case {"bytes": index}:
                return self.bytes(index)
            case {"array": [index, dtype, shape, order]}:
                return array_at(self.data, self.spans[str(index)], Shape(dtype, tuple(shape), tuple(order)))
            case {"scalar": [index, dtype, _, _]}:
                return array_at(self.data, self.spans[str(index)], Shape(dtype, ()))[()]
            case {"enum": [name, member]}:
                return self.enum(name)[member]
            case {"codec": [name, inner]}:
                return self.codec(name).unpack(self.read(inner))
        raise CodecError(f"it holds something of an unknown kind: {', '.join(tree)}")

    def bytes(self, index: int) -> bytes:
        start, length = self.spans[str(index)]
        return bytes(memoryview(self.data)[start : start + length])

    def tensor(self, index: int, shape: Shape) -> Any:
        span = self.spans[str(index)]
        if self.tensors == "numpy":
            return tensor_as_array(self.data, span, shape)
        if not isinstance(self.data, bytearray):  # torch wants a buffer that can be written to
            self.data = bytearray(self.data)
        return tensor_at(self.data, span, shape)

    def enum(self, name: str) -> type[enum.Enum]:
        kind = class_named(name)
        if not issubclass(kind, enum.Enum):
            raise CodecError(f"{name} is no enum")
        return kind

    def codec(self, name: str) -> Codec:
        found = next((codec for codec in self.codecs if name_of(codec.kind) == name), None)
        if found is None:
            raise CodecError(f"no plugin brings a codec for {name}")
        return found
