"""Files that a graph reads: found below the folders it may read, and known by their content."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from functools import cache
from itertools import islice
from pathlib import Path

from ..errors import did_you_mean
from ..folders import cache_folder
from .memo import Memo, stamp

WORTH_KEEPING = 2**20
"""From this many bytes on, a digest is remembered on disk; below, hashing again is as fast as remembering."""
_SEVERAL_THREADS = 2**24
_MOST_SIBLINGS = 1000


def resolve(text: str, allowed: Sequence[Path], suffixes: Sequence[str] = (), folders: bool = False) -> Path:
    """The regular file that a graph names, absolute and free of links, in the first allowed folder that has it.

    `folders`: it may be a folder as well, of any name. Raises ValueError, with what was found, wanted and what to try,
    where the path leads out of all allowed folders (absolute, by `..` or by a link), to nothing, to something that is
    not a regular file, or has a foreign suffix.
    """
    shown = repr(text if len(text) <= 200 else f"{text[:197]}...")
    if not text or "\0" in text:
        raise ValueError(f"found {shown}, wanted the path of a file")
    homes = [_real(folder) for folder in allowed]
    inside = [path for path in (_real(home / text) for home in homes) if any(map(path.is_relative_to, homes))]
    path = next((path for path in inside if _mode(path)), None)
    searched = " or ".join(map(str, dict.fromkeys(homes))) or "no folder at all"
    if path is None and (not inside or (len(inside) < len(homes) and _stays_as_written(text, homes))):
        hint = "copy it there, or add its folder to $NOISEGRAPH_MODELS"
        raise ValueError(f"{shown} leads out of the folders that this graph may read ({searched}); {hint}")
    if path is None:
        raise ValueError(f"no file {shown} in {searched}{_nearest(inside, suffixes)}")
    if folders and stat.S_ISDIR(_mode(path)):
        return path
    if not stat.S_ISREG(_mode(path)):
        raise ValueError(f"{shown} is {_kind(_mode(path))}, wanted a regular file")
    if not os.access(path, os.R_OK):
        raise ValueError(f"{shown} cannot be read; give yourself the permission to")
    if suffixes and path.suffix.lower() not in suffixes and Path(text).suffix.lower() not in suffixes:
        raise ValueError(f"{shown} is of another kind, wanted a file that ends in {' or '.join(suffixes)}")
    return path


def _real(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise ValueError(f"the path {str(path)[:200]!r} cannot be followed: {error}") from None


def _stays_as_written(text: str, homes: Sequence[Path]) -> bool:
    """Whether the text, as it is written, leads out of no folder: then it is a link that does."""
    return any(Path(os.path.normpath(home / text)).is_relative_to(home) for home in homes)


def _mode(path: Path) -> int:
    """The file's mode, 0 where there is no file."""
    try:
        return path.stat().st_mode
    except (OSError, ValueError):
        return 0


def _kind(mode: int) -> str:
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")


def _nearest(paths: Sequence[Path], suffixes: Sequence[str]) -> str:
    for path in paths:
        try:
            names = [entry.name for entry in islice(os.scandir(path.parent), _MOST_SIBLINGS)]
        except OSError:
            continue
        fitting = [name for name in names if not suffixes or Path(name).suffix.lower() in suffixes]
        if hint := did_you_mean(path.name, fitting):
            return f"; {hint}"
    return ""


def named(value: str | Sequence[str] | None) -> list[Path]:
    """The files that the value of a file parameter names: one, several, or none."""
    if not value:
        return []
    return [Path(value)] if isinstance(value, str) else [Path(one) for one in value]


def digest(path: Path) -> str:
    """The BLAKE3 hash of a file's content, in hexadecimal; worked out again only when the file has changed.

    Of a folder, that of the names and contents of all files in it but hidden ones.
    """
    if path.is_dir():
        return _folder_digest(path)
    return _remembered(path, "digests.json", _hash)


def sha256(path: Path) -> str:
    """The SHA-256 hash of a file's content, in hexadecimal, by which other programs know files; remembered as well."""
    return _remembered(path, "sha256.json", _sha256)


def _remembered(path: Path, memo: str, hashed: Callable[[str, int], str]) -> str:
    """The hash of a file of a name and size, worked out again only when the file has changed."""
    name = str(path.absolute())
    known_ones = _digests(cache_folder() / memo)
    before = os.stat(name)
    known = known_ones.get(name, before)
    if isinstance(known, str):
        return known
    found = hashed(name, before.st_size)
    if stamp(os.stat(name)) == stamp(before):
        known_ones.put(name, before, found, keep=before.st_size >= WORTH_KEEPING)
        known_ones.save()
    return found


def _folder_digest(folder: Path) -> str:
    from blake3 import blake3

    inside = sorted(one for one in folder.iterdir() if not one.name.startswith("."))
    lines = (f"{one.name}\0{digest(one)}\n" for one in inside if one.is_file() or one.is_dir() > one.is_symlink())
    return str(blake3("".join(lines).encode("utf-8", "surrogateescape")).hexdigest())


@cache
def _digests(file: Path) -> Memo:
    return Memo(file)


def _sha256(name: str, size: int) -> str:
    import hashlib

    with open(name, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _hash(name: str, size: int) -> str:
    from blake3 import blake3

    hasher = blake3(max_threads=blake3.AUTO if size >= _SEVERAL_THREADS else 1)
    return str(hasher.update_mmap(name).hexdigest())
