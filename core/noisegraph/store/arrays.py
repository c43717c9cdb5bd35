"""How tensors and numpy arrays lie in a container: type, shape and order of axes kept, data untouched."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from .container import Blob, Span

if TYPE_CHECKING:
    import numpy
    from torch import Tensor

_SAFETENSORS = {
    "float64": "F64",
    "float32": "F32",
    "float16": "F16",
    "bfloat16": "BF16",
    "float8_e4m3fn": "F8_E4M3",
    "float8_e5m2": "F8_E5M2",
    "int64": "I64",
    "int32": "I32",
    "int16": "I16",
    "int8": "I8",
    "uint64": "U64",
    "uint32": "U32",
    "uint16": "U16",
    "uint8": "U8",
    "bool": "BOOL",
}
"""Types that safetensors names; any other is written as bytes, U8 with one more axis."""


class Shape(NamedTuple):
    """What a blob's bytes mean: `order` holds the axes from the slowest to the fastest, empty for row-major."""

    dtype: str
    shape: tuple[int, ...]
    order: tuple[int, ...] = ()

    @property
    def lying(self) -> tuple[int, ...]:
        """The shape in the order in which the data lies."""
        return tuple(self.shape[axis] for axis in self.order) if self.order else self.shape

    @property
    def back(self) -> tuple[int, ...]:
        """The permutation of the lying axes that gives `shape`."""
        return tuple(sorted(range(len(self.order)), key=self.order.__getitem__))


def is_array(value: object) -> bool:
    """Whether it is a numpy array or a numpy scalar; False where numpy is not, or not yet, imported."""
    kind = getattr(sys.modules.get("numpy"), "ndarray", None), getattr(sys.modules.get("numpy"), "generic", None)
    return None not in kind and isinstance(value, kind)  # type: ignore[arg-type]


def tensor_blob(value: Tensor) -> tuple[Shape, Blob] | None:
    """The tensor's data, detached, on the CPU; None where it is no plain dense tensor (quantized, sparse, meta)."""
    import torch

    if type(value) not in (torch.Tensor, torch.nn.Parameter) or value.is_quantized or value.is_nested:
        return None
    if value.layout != torch.strided or value.device.type == "meta":
        return None
    value = value.detach()
    order = () if value.is_contiguous() else _order(value.stride())
    if order and not value.permute(order).is_contiguous():
        order = ()
    flat = (value.permute(order) if order else value).cpu().resolve_conj().resolve_neg().contiguous().reshape(-1)
    shape = Shape(str(value.dtype).removeprefix("torch."), tuple(value.shape), order)
    return shape, _blob(shape, flat.view(torch.uint8).numpy().data, value.itemsize)


def array_blob(value: numpy.ndarray[Any, Any] | numpy.generic) -> tuple[Shape, Blob] | None:
    """The array's data; None where it holds objects or records."""
    import numpy

    if value.dtype.kind not in "biufcmMSU" or not (isinstance(value, numpy.generic) or type(value) is numpy.ndarray):
        return None
    value = numpy.asarray(value)
    order = () if value.flags.c_contiguous else _order(value.strides)
    if order and not value.transpose(order).flags.c_contiguous:
        order = ()
    data = (value.transpose(order) if order else value).tobytes()
    name = value.dtype.name if value.dtype.isnative else ""
    return Shape(value.dtype.str, value.shape, order), _blob(Shape(name, value.shape, order), data, value.itemsize)


def _order(strides: Sequence[int]) -> tuple[int, ...]:
    return tuple(sorted(range(len(strides)), key=lambda axis: -strides[axis]))


def _blob(shape: Shape, data: bytes | memoryview, itemsize: int) -> Blob:
    if shape.dtype in _SAFETENSORS:
        return Blob(_SAFETENSORS[shape.dtype], shape.lying, data, itemsize)
    return Blob("U8", (*shape.lying, itemsize), data, itemsize)


def tensor_at(data: bytearray, span: Span, shape: Shape) -> Tensor:
    """The tensor whose data lies in the bytes; it is not copied."""
    import torch

    dtype = getattr(torch, shape.dtype)
    if not span.length:
        return torch.empty(0, dtype=torch.uint8).view(dtype).view(shape.shape)
    flat = torch.frombuffer(data, dtype=dtype, count=math.prod(shape.shape), offset=span.start)
    tensor = flat.view(shape.lying)
    return tensor.permute(shape.back) if shape.order else tensor


def array_at(data: bytes | bytearray, span: Span, shape: Shape) -> numpy.ndarray[Any, Any]:
    """The array whose data lies in the bytes; it is not copied, and cannot be written to."""
    import numpy

    dtype = numpy.dtype(shape.dtype)
    count = math.prod(shape.shape) if dtype.itemsize else 0
    flat = numpy.frombuffer(data, dtype, count, span.start) if count else numpy.zeros(math.prod(shape.shape), dtype)
    array = flat.reshape(shape.lying)
    array = array.transpose(shape.back) if shape.order else array
    array.flags.writeable = False
    return array


def tensor_as_array(data: bytes | bytearray, span: Span, shape: Shape) -> numpy.ndarray[Any, Any]:
    """A stored tensor as an array: bfloat16 as float32, types that numpy lacks altogether as their bytes."""
    import numpy

    if shape.dtype == "bfloat16":
        halves = array_at(data, span, shape._replace(dtype="uint16"))
        widened = (halves.astype(numpy.uint32) << 16).view(numpy.float32)
        widened.flags.writeable = False
        return widened
    try:
        numpy.dtype(shape.dtype)
    except TypeError:
        itemsize = span.length // max(math.prod(shape.shape), 1)
        return array_at(data, span, Shape("uint8", (*shape.lying, itemsize)))
    return array_at(data, span, shape)
