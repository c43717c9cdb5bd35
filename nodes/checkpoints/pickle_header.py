"""The list of tensors in a file that torch pickled, read without torch and without running anything that it names."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import noisegraph as ng

from .entry import SCALE, Entry, scale_note

LARGEST = 64 * 2**20
"""Bytes of the pickle itself; the numbers lie beside it."""
DEEPEST = 4
"""How many dictionaries deep tensors are looked for."""
_LEGACY = 0x1950A86A20F9469CFC6C
_TYPES = {
    "Double": "float64",
    "Float": "float32",
    "Half": "float16",
    "BFloat16": "bfloat16",
    "Long": "int64",
    "Int": "int32",
    "Short": "int16",
    "Char": "int8",
    "Byte": "uint8",
    "Bool": "bool",
}


class _Storage(NamedTuple):
    dtype: str
    key: str = ""
    """Under which its bytes lie in the archive."""


class _Listed(NamedTuple):
    shape: tuple[int, ...]
    dtype: str
    key: str = ""
    offset: int = 0


def read(path: Path) -> tuple[dict[str, Entry], dict[str, str]]:
    """The tensors of a file and the plain values beside them; raises NodeError for a file that asks for more."""
    entries: dict[str, Entry] = {}
    try:
        found = _zipped(path) if zipfile.is_zipfile(path) else _legacy(path)
        _gather(_state(found), "", DEEPEST, str(path), entries)
        scale = _scale(path, found, entries)
        plain = {str(name): str(value) for name, value in _plain(found).items() if isinstance(value, (str, int, float))}
    except ng.NodeError:
        raise
    except Exception as error:  # a damaged pickle may fail in any way
        told = f"'{path.name}' is damaged: its pickle cannot be read ({type(error).__name__}: {error})"
        raise ng.NodeError(told[:500], "download it again") from None
    if not entries:
        raise ng.NodeError(f"'{path.name}' holds no tensors by name", "give a checkpoint, a file of weights")
    return entries, plain | scale


def nested(names: Mapping[str, Any]) -> bool:
    """Whether the weights of a pickled dictionary lie in its `state_dict`, as pytorch-lightning leaves them."""
    return isinstance(names.get("state_dict"), Mapping)


def _plain(found: Any) -> Mapping[Any, Any]:
    return found if isinstance(found, Mapping) else {}


def _state(found: Any) -> Any:
    return found["state_dict"] if isinstance(found, Mapping) and nested(found) else found


def _gather(found: Any, prefix: str, deeper: int, file: str, entries: dict[str, Entry]) -> None:
    if not isinstance(found, Mapping):
        return
    for name, value in found.items():
        if isinstance(value, _Listed):
            entries[f"{prefix}{name}"] = Entry(value.shape, value.dtype, file, f"{prefix}{name}")
        elif isinstance(value, Mapping) and deeper and not prefix and str(name) != "optimizer_states":
            _gather(value, f"{name}.", deeper - 1, file, entries)


def _scale(path: Path, found: Any, entries: Mapping[str, Entry]) -> dict[str, str]:
    listed = _plain(_state(found)).get(SCALE)
    if not isinstance(listed, _Listed) or not zipfile.is_zipfile(path):
        return {}
    entry = entries[SCALE]
    with zipfile.ZipFile(path) as archive:
        name = next((one for one in archive.namelist() if one.endswith(f"/data/{listed.key}")), "")
        size = archive.getinfo(name).file_size if name else LARGEST
        return scale_note(entry, archive.read(name)[listed.offset * entry.size :]) if size < LARGEST else {}


def _zipped(path: Path) -> Any:
    with zipfile.ZipFile(path) as archive:
        name = next((one for one in archive.namelist() if one.count("/") <= 1 and one.endswith("data.pkl")), None)
        if name is None:
            raise ng.NodeError(f"'{path.name}' is a zip archive without torch's data.pkl", "give a checkpoint")
        if archive.getinfo(name).file_size > LARGEST:
            raise ng.NodeError(f"'{path.name}' has a pickle of more than {LARGEST} bytes", "save it as safetensors")
        return _Inert(io.BytesIO(archive.read(name)), path).load()


def _legacy(path: Path) -> Any:
    """Before torch 1.6: four pickles in a row, the third from the end the tensors'."""
    with open(path, "rb") as file:
        head = io.BytesIO(file.read(LARGEST))
    if head.getvalue().startswith(b"PK\x03\x04"):
        raise ng.NodeError(f"'{path.name}' was cut off: a zip archive whose end is missing", "download it again")
    if _Inert(head, path).load() != _LEGACY:
        raise ng.NodeError(f"'{path.name}' is a pickle that torch did not write", "give a file of weights")
    for _ in range(2):
        _Inert(head, path).load()
    return _Inert(head, path).load()


class _Inert(pickle.Unpickler):
    """Knows tensors, and nothing that could do anything: every other name ends the reading."""

    def __init__(self, file: io.BytesIO, path: Path) -> None:
        super().__init__(file)
        self._path = path

    def find_class(self, module: str, name: str) -> Any:
        """What stands for a global that the pickle names."""
        known = _KNOWN.get((module, name))
        if known is not None:
            return known
        if module == "torch" and name.removesuffix("Storage") in _TYPES:
            return _Storage(_TYPES[name.removesuffix("Storage")])
        hint = "if you trust where it is from, save its weights as safetensors and give that"
        raise ng.NodeError(
            f"'{self._path.name}' asks for '{module}.{name}', which is no tensor; nothing of it was run", hint
        )

    def persistent_load(self, told: Any) -> _Storage:
        """The storage that a tensor lies in."""
        dtype = told[1].dtype if isinstance(told[1], _Storage) else "uint8"
        return _Storage(dtype, str(told[2]))


def _tensor(storage: _Storage, offset: int, size: tuple[int, ...], *_: Any) -> _Listed:
    return _Listed(tuple(map(int, size)), storage.dtype, storage.key, int(offset))


def _parameter(data: Any, *_: Any) -> Any:
    return data


_KNOWN: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_tensor"): _tensor,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    ("torch", "Size"): tuple,
}
