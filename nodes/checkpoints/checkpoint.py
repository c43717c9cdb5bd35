"""A checkpoint as it lies on disk, a file or a folder: all tensors that it holds, found without torch."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

import noisegraph as ng

from . import pickle_header, safetensors_header
from .entry import Entries, Entry

SUFFIXES = (".safetensors", ".ckpt", ".pt", ".pth", ".bin")
CheckpointFile = Annotated[str, ng.FileKind(SUFFIXES, folders=True)]
LARGEST_JSON = 64 * 2**20
_STEMS = ("diffusion_pytorch_model", "model", "pytorch_model", "adapter_model", "pytorch_lora_weights")
"""What the weights of one part are called in a folder, by diffusers and transformers."""
_VARIANTS = ("", ".fp16", ".bf16")
_SHARD = re.compile(r"-\d{5}-of-\d{5}$")
_AGAIN = "download it again"


@dataclass(frozen=True)
class Checkpoint:
    """The tensors of a file, or of the parts of a folder under `part/name`; what it says of itself in `notes`.

    `configs` are the settings that lie in a folder beside the weights of each part.
    """

    path: str
    entries: Entries
    notes: Mapping[str, str]
    configs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    made: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)
    """What each part of it was found to be made of, so that it is worked out once."""


def opened(path: str) -> Checkpoint:
    """The checkpoint at a path; raises NodeError for what is none, is damaged, or asks for more than tensors."""
    place = Path(path)
    try:
        return _opened(path, _stamps(place))
    except OSError as error:
        raise ng.NodeError(f"'{path}' cannot be read: {error.strerror}", "give a file of weights") from None


@lru_cache(maxsize=8)
def _opened(path: str, stamps: tuple[Any, ...]) -> Checkpoint:
    """The checkpoint as it was at these stamps."""
    place = Path(path)
    if place.is_dir():
        return _folder(place)
    entries, notes = listed(place)
    return _kept(path, entries, notes, {})


def _kept(
    path: str, entries: dict[str, Entry], notes: dict[str, str], configs: Mapping[str, dict[str, Any]]
) -> Checkpoint:
    """The checkpoint that all who open the file share, so that nobody may change it."""
    found = {name: MappingProxyType(config) for name, config in configs.items()}
    return Checkpoint(path, MappingProxyType(entries), MappingProxyType(notes), MappingProxyType(found))


def _stamps(place: Path, deeper: int = 1) -> tuple[Any, ...]:
    """What changes when the file does, or one in the folder or in its parts."""
    status = place.stat()
    own = (place.name, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
    inside = sorted(place.iterdir()) if deeper >= 0 and stat.S_ISDIR(status.st_mode) else []
    return (own, *(_stamps(one, deeper - 1) for one in inside if one.exists()))


def listed(path: Path) -> tuple[dict[str, Entry], dict[str, str]]:
    """The tensors of one file, whichever form it has, and what it says of itself; raises NodeError."""
    try:
        with open(path, "rb") as file:
            head = file.read(1024)
    except OSError as error:
        raise ng.NodeError(f"'{path}' cannot be read: {error.strerror}", "give a file of weights") from None
    if not _lists_tensors(head) and head[:2] in (b"PK", b"\x80\x02", b"\x80\x03", b"\x80\x04"):
        return pickle_header.read(path)
    foreign = _foreign(head)
    if foreign:
        raise ng.NodeError(f"'{path.name}' is {foreign}, wanted a file of weights", _hint(foreign))
    return safetensors_header.read(path)


def _lists_tensors(head: bytes) -> bool:
    """Whether it begins as safetensors do: with the length of a JSON text, whose bytes may look like another kind's."""
    return head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= safetensors_header.LARGEST_HEADER


def _foreign(head: bytes) -> str:
    """What a file is that is no file of weights, or the empty string."""
    text = head.lstrip().lower()
    if not head:
        return "empty"
    if text.startswith(b"version https://git-lfs"):
        return "a git-lfs pointer: the name of the weights and not the weights"
    if text.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "a web page, probably a download that asked for a login"
    if text.startswith((b"{", b"[")):
        return "a JSON text"
    kinds = {b"\x89HDF": "an HDF5 file", b"GGUF": "a GGUF file", b"\x89PNG": "a picture", b"\x1f\x8b": "a gzip archive"}
    return next((kind for start, kind in kinds.items() if head.startswith(start)), "")


def _hint(foreign: str) -> str:
    if "git-lfs" in foreign:
        return "fetch it with `git lfs pull`, or download it by itself"
    return _AGAIN if "web page" in foreign or foreign in ("empty", "a JSON text") else "give safetensors, ckpt or pt"


def _folder(folder: Path) -> Checkpoint:
    """All parts of a folder in the layout of diffusers, or the one part that it is."""
    whole = (folder / "model_index.json").is_file()
    parts = sorted(one for one in folder.iterdir() if one.is_dir() and not one.name.startswith(".")) if whole else []
    places = {f"{part.name}/": part for part in parts} or {"": folder}
    entries: dict[str, Entry] = {}
    configs: dict[str, dict[str, Any]] = {}
    for prefix, place in places.items():
        configs |= _configs(prefix, place)
        for file in weight_files(place):
            entries |= {f"{prefix}{name}": entry for name, entry in listed(file)[0].items()}
    if not entries:
        names = " or ".join(f"{stem}.safetensors" for stem in _STEMS[:2])
        raise ng.NodeError(f"the folder '{folder}' holds no weights", f"wanted model_index.json and parts, or {names}")
    return _kept(str(folder), entries, {}, configs)


def weight_files(folder: Path) -> Sequence[Path]:
    """The files with the weights of one part: whole or in shards, full precision before half, safetensors first."""
    names = {one.name for one in folder.iterdir()}
    for suffix in (".safetensors", ".bin"):
        for stem in _STEMS:
            for variant in _VARIANTS:
                if f"{stem}{variant}{suffix}" in names:
                    return [folder / f"{stem}{variant}{suffix}"]
                for index in (f"{stem}{suffix}.index{variant}.json", f"{stem}{variant}{suffix}.index.json"):
                    if index in names:
                        return _shards(folder, index, names)
    return []


def _shards(folder: Path, index: str, names: set[str]) -> Sequence[Path]:
    wanted = sorted(set(map(str, _json(folder / index).get("weight_map", {}).values())))
    missing = [name for name in wanted if name not in names]
    if missing or not wanted:
        what = f"misses {', '.join(missing[:3])}" if missing else "names no files"
        raise ng.NodeError(f"'{folder / index}' {what}", "download the rest of it")
    return [folder / name for name in wanted]


def _configs(prefix: str, folder: Path) -> dict[str, dict[str, Any]]:
    names = ("config.json", "scheduler_config.json")
    return {f"{prefix}{name}": _json(folder / name) for name in names if (folder / name).is_file()}


def _json(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > LARGEST_JSON:
            raise ValueError(f"it has more than {LARGEST_JSON} bytes")
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ng.NodeError(f"'{path}' cannot be read: {error}", _AGAIN) from None
    return found if isinstance(found, dict) else {}
