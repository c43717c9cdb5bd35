"""The file of a graph: read without changing a byte, written whole or not at all, watched for other programs."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import NamedTuple

from ...errors import GraphError

LARGEST = 16 * 2**20
"""How many bytes a graph file may have."""


class Stamp(NamedTuple):
    """By what another program's change of a file is seen."""

    size: int
    modified: int
    inode: int


def stamp(path: Path) -> Stamp | None:
    """The stamp of a file; None where there is none."""
    try:
        told = path.stat()
    except OSError:
        return None
    return Stamp(told.st_size, told.st_mtime_ns, told.st_ino)


def read(path: Path) -> str:
    """The file's text with its line ends and its byte order mark; raises GraphError where it cannot be read."""
    try:
        with open(path, "rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        raise GraphError.of(f"cannot read {path}: {error.strerror or error}") from None
    if len(raw) > LARGEST:
        raise GraphError.of(f"{path} is larger than {LARGEST // 2**20} MB, the most that a graph may have")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise GraphError.of(f"{path} is not UTF-8: byte 0x{raw[error.start]:02x} at offset {error.start}") from None


def write(path: Path, text: str) -> Stamp | None:
    """Put the text into the file in one move; raises OSError where that fails, and the file is as it was."""
    path = path.resolve()
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:40]}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode("utf-8", "surrogatepass"))
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, path.stat().st_mode & 0o7777 if path.exists() else 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return stamp(path)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
