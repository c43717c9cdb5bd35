"""Values by key: memory over disk, and what went wrong with either as warnings, never as errors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

from ..errors import Place, Problem, said
from ..keys import Living
from .codecs import Codec, CodecError, Tensors, decode, encode
from .disk import Disk
from .memory import Memory
from .upkeep import damaged

Tier: TypeAlias = Literal["memory", "disk"]
MEMORY_BYTES = 2_000_000_000
DISK_BYTES = 20_000_000_000
"""Bounds where nobody says otherwise."""


class Hit(NamedTuple):
    """A value that was found, and where."""

    value: Any
    tier: Tier


class Cache:
    """At most `memory_bytes` of values in memory, over at most `disk_bytes` in a folder (None: no disk).

    Nothing raises because of the disk: what cannot be read is a miss, what cannot be stored is not, and `drain` tells.
    """

    def __init__(
        self, memory_bytes: int, folder: Path | None, disk_bytes: int = DISK_BYTES, codecs: Sequence[Codec] = ()
    ) -> None:
        self.memory = Memory(memory_bytes)
        self.disk = Disk(Path(folder).absolute(), disk_bytes) if folder is not None else None
        self.codecs = tuple(codecs)
        self.living: Living = {}
        """Whence the values in memory came, and those that live on inside them."""
        self._problems: list[Problem] = []
        self._told: set[str] = set()

    def tier(self, key: bytes) -> Tier | None:
        """Where the value is, without looking at it; a damaged entry counts as there until it is read."""
        if key in self.memory:
            return "memory"
        return "disk" if self.disk is not None and key in self.disk else None

    def get(self, key: bytes, tensors: Tensors = "torch") -> Hit | None:
        """The value; one from disk is kept in memory from then on.

        tensors="numpy" imports no torch: arrays in the place of tensors, not kept. A value in memory comes as it is.
        """
        held = self.memory.get(key)
        if held is not None:
            return tuple.__new__(Hit, (held[0], "memory"))  # as Hit(...) in half the time
        hit = self._read(self.disk, key, tensors) if self.disk is not None else None
        if hit is not None and tensors == "torch":
            self.memory.put(key, hit.value, backed=True)
        return hit

    def put(self, key: bytes, value: Any, disk: bool = True, memory: bool = True) -> bool:
        """Keep the value in the tiers that are asked for; on disk only where it has a codec.

        False where the disk could not take it.
        """
        if memory:
            self.memory.put(key, value)
        return self._write(self.disk, key, value) if disk and self.disk is not None else True

    def discard(self, key: bytes) -> None:
        """Forget the value everywhere."""
        self.memory.discard(key)
        if self.disk is not None:
            self.disk.discard(key)

    def drain(self) -> list[Problem]:
        """What went wrong since last asked."""
        problems, self._problems = self._problems, []
        return problems

    def pinned(self, keys: Iterable[bytes]) -> AbstractContextManager[None]:
        """The span of a run: entries of these keys stay, in both tiers; a full disk is told once.

        Pin what the run is going to read from the cache, not what it makes: pinned values stay in memory whatever its
        bound.
        """
        self._told.clear()
        return _Pinned(self, frozenset(keys))

    def close(self) -> None:
        """Free the memory, close the files."""
        self.memory.clear()
        if self.disk is not None:
            self.disk.close()

    def _read(self, disk: Disk, key: bytes, tensors: Tensors) -> Hit | None:
        try:
            data = disk.read(key)
            return Hit(decode(data, self.codecs, tensors), "disk") if data is not None else None
        except CodecError as error:
            disk.discard(key)
            self._problems.append(damaged(disk.path(key), error))
        except OSError as error:
            self._tell_once("read", disk, f"the cache cannot be read: {error.strerror}", "what it holds is made again")
        return None

    def _write(self, disk: Disk, key: bytes, value: Any) -> bool:
        try:
            data = encode(value, self.codecs)
        except Exception as error:  # from a plugin's codec
            what = f"a codec failed on a {type(value).__name__}: {type(error).__name__}: {said(error)}"
            self._tell_once(what, disk, what, "the value is not stored")
            return True
        if data is None:
            return True
        if len(data) > disk.limit:
            what = f"a value of {_megabytes(len(data))} is too large for a cache of {_megabytes(disk.limit)}"
            self._tell_once("size", disk, what, "it is not stored; allow the cache more room")
            return False
        try:
            disk.write(key, data)
            return True
        except OSError as error:
            hint = "make room, or set NOISEGRAPH_CACHE to another folder; the run goes on without storing"
            self._tell_once("write", disk, f"the cache cannot store a value: {error.strerror or error}", hint)
            return False

    def _tell_once(self, kind: str, disk: Disk, what: str, hint: str) -> None:
        if kind not in self._told:
            self._told.add(kind)
            self._problems.append(Problem(Place(disk.folder), what, hint))


class _Pinned:
    """Keys that are pinned until the end of the block. A class, as it is entered in no time."""

    def __init__(self, cache: Cache, keys: frozenset[bytes]) -> None:
        self._memory = cache.memory
        self._disk = cache.disk.pinned(keys) if cache.disk is not None else None
        self._keys = keys

    def __enter__(self) -> None:
        if self._disk is not None:
            self._disk.__enter__()
        self._memory.pin(self._keys)

    def __exit__(self, *error: Any) -> None:
        self._memory.unpin(self._keys)
        if self._disk is not None:
            self._disk.__exit__(*error)


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB"
