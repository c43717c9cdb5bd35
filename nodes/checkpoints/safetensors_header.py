"""The list of tensors at the beginning of a safetensors file, read and checked without torch."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import noisegraph as ng

from .entry import BITS, SCALE, Entry, scale_note

LARGEST_HEADER = 100_000_000
"""Bytes; what the format itself allows."""
MOST_TENSORS = 1_000_000
_TYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U8": "uint8",
    "BOOL": "bool",
}
_AGAIN = "download it again"


def read(path: Path) -> tuple[dict[str, Entry], dict[str, str]]:
    """The tensors of a file and what it says of itself; raises NodeError where it is damaged, and how."""
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or not 2 <= length <= LARGEST_HEADER:
            raise ng.NodeError(f"'{path.name}' is no safetensors file: its list of tensors cannot be found", _AGAIN)
        if 8 + length > size:
            raise ng.NodeError(f"'{path.name}' ends after {size} bytes, within its list of {length} bytes", _AGAIN)
        text = file.read(length)
    listed = _parsed(text, path)
    metadata = listed.pop("__metadata__", {})
    entries = {name: _entry(name, told, 8 + length, size, path) for name, told in listed.items()}
    return entries, _texts(metadata) | (_scale(path, entries[SCALE]) if SCALE in entries else {})


def _scale(path: Path, entry: Entry) -> dict[str, str]:
    with open(path, "rb") as file:
        file.seek(entry.start)
        return scale_note(entry, file.read(8))


def _parsed(text: bytes, path: Path) -> dict[str, Any]:
    try:
        listed = json.loads(text)
    except (ValueError, RecursionError):
        listed = None
    if not isinstance(listed, dict):
        raise ng.NodeError(f"'{path.name}' is no safetensors file: its list of tensors is no JSON", _AGAIN)
    if len(listed) > MOST_TENSORS:
        raise ng.NodeError(f"'{path.name}' lists {len(listed)} tensors, {MOST_TENSORS} is the most", _AGAIN)
    return listed


def _entry(name: str, told: Any, begin: int, size: int, path: Path) -> Entry:
    """A tensor of the list, whose bytes must be within the file's, of which the data's are those from `begin` on."""
    try:
        dtype, shape, (start, end) = str(told["dtype"]), tuple(told["shape"]), told["data_offsets"]
        sound = all(type(one) is int and one >= 0 for one in (*shape, start, end)) and start <= end
    except (TypeError, KeyError, ValueError):
        sound = False
    if not sound:
        raise ng.NodeError(f"'{path.name}' is damaged: its list says of '{name[:200]}' {str(told)[:200]}", _AGAIN)
    if begin + end > size:
        missing = f"'{name[:200]}' ends at byte {end} of the data, of which there are {size - begin}"
        raise ng.NodeError(f"'{path.name}' was cut off: {missing}", _AGAIN)
    known = _TYPES.get(dtype, dtype)
    if known in BITS and math.prod(shape) * BITS[known] // 8 != end - start:
        takes = f"{end - start} bytes for {list(shape)} numbers of {known}"
        raise ng.NodeError(f"'{path.name}' is damaged: '{name[:200]}' takes {takes}", _AGAIN)
    return Entry(shape, known, str(path), name, begin + start)


def _texts(metadata: Any) -> dict[str, str]:
    if not isinstance(metadata, Mapping):
        return {}
    return {str(name): str(value) for name, value in metadata.items()}
