"""A cache folder as a whole: what is in it, whether it is sound, and making room in it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ..errors import Place, Problem
from .container import CodecError, check
from .ledger import Ledger
from .owners import left_over

SUFFIX = ".safetensors"
LEDGER = "size"
TEMPORARY = "tmp"
"""The folder of unfinished entries and of lists of pinned ones."""


class Entry(NamedTuple):
    """One stored value: `used` is the time of its last use, in ns since the epoch."""

    path: str
    size: int
    used: int

    @property
    def name(self) -> str:
        """The key, in hex."""
        return os.path.basename(self.path).removesuffix(SUFFIX)


@dataclass(frozen=True)
class Info:
    """What a cache folder holds: times are in seconds since the epoch, 0 where there is no entry."""

    folder: str
    entries: int
    bytes: int
    first_used: float
    last_used: float


@dataclass(frozen=True)
class Pruned:
    """What was removed, what is left in bytes, and how many entries stayed only because a run uses them."""

    removed: int
    freed: int
    left: int
    in_use: int


def entries(folder: str | Path) -> Iterator[Entry]:
    """Every entry, in no order; those that vanish meanwhile are left out."""
    for shard in _scan(folder):
        if len(shard.name) != 2 or not shard.is_dir(follow_symlinks=False):
            continue
        for file in _scan(shard.path):
            if file.name.endswith(SUFFIX):
                with contextlib.suppress(OSError):
                    status = file.stat()
                    yield Entry(file.path, status.st_size, status.st_mtime_ns)


def _scan(folder: str | Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError:
        return []


def info(folder: str | Path) -> Info:
    """How many entries there are, their size, and when the one used longest ago and the newest were used."""
    found = list(entries(folder))
    times = [entry.used / 1e9 for entry in found] or [0.0]
    return Info(str(folder), len(found), sum(entry.size for entry in found), min(times), max(times))


def verify(folder: str | Path) -> list[Problem]:
    """Read every entry and remove those that are damaged; one problem for each."""
    problems = []
    for entry in entries(folder):
        try:
            check(Path(entry.path).read_bytes())
        except CodecError as error:
            with contextlib.suppress(OSError):
                os.unlink(entry.path)
            problems.append(damaged(entry.path, error))
        except OSError as error:
            problems.append(Problem(Place(entry.path), f"a cache entry cannot be read: {error.strerror}"))
    return problems


def damaged(path: str, error: CodecError) -> Problem:
    """The problem of an entry that was removed."""
    return Problem(Place(path), f"a damaged cache entry was removed: {error}", "its value is computed again")


def prune(folder: str | Path, limit: int, pinned: Collection[str] = ()) -> Pruned:
    """Where more than `limit` bytes are stored, remove what was used longest ago, down to nine tenths of it.

    Entries that a run in any living process has pinned stay, as do those whose keys, in hex, are in `pinned`.
    """
    remove_left_overs(folder)
    found = sorted(entries(folder), key=lambda entry: entry.used)
    total = before = sum(entry.size for entry in found)
    keep = pins(folder).union(pinned) if total > limit else frozenset()
    removed = in_use = 0
    for entry in found if total > limit else ():
        if total <= limit - limit // 10:
            break
        if entry.name in keep:
            in_use += 1
        elif _removed(entry.path):
            removed += 1
            total -= entry.size
    if os.path.isdir(folder):
        with contextlib.suppress(OSError), contextlib.closing(Ledger(os.path.join(folder, LEDGER))) as ledger:
            ledger.reset(total)
    return Pruned(removed, before - total, total, in_use)


def clear(folder: str | Path) -> Pruned:
    """Remove every entry that no run has pinned, and nothing else that may lie in the folder."""
    done = prune(folder, 0)
    for shard in _scan(folder):
        if len(shard.name) == 2 or shard.name == TEMPORARY:
            with contextlib.suppress(OSError):
                os.rmdir(shard.path)
    return done


def pins(folder: str | Path) -> frozenset[str]:
    """The keys, in hex, of the entries that runs of living processes use."""
    found: set[str] = set()
    for file in _scan(os.path.join(folder, TEMPORARY)):
        if file.name.endswith(".pins"):
            with contextlib.suppress(OSError):
                found.update(Path(file.path).read_text().split())
    return frozenset(found)


def remove_left_overs(folder: str | Path) -> None:
    """Remove the unfinished files and the pins of processes that are gone."""
    for file in _scan(os.path.join(folder, TEMPORARY)):
        if left_over(file.path):
            _removed(file.path)


def _removed(path: str) -> bool:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
