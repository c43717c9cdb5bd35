"""What was worked out from files, remembered from run to run for as long as a file stays as it is."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SETTLED_SECONDS = 2.0
"""A file that changed less than this ago may change again without its times telling, so it is not remembered yet."""
_MOST = 4096


def stamp(status: os.stat_result) -> list[int]:
    """What changes when a file's content does: size, times of content and of status, inode."""
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]


class Memo:
    """A mapping from a file's path to a value (plain JSON data), valid only for the stamp that it was put with.

    It is kept in one JSON file with a checksum. A file that is damaged, or that cannot be written, costs time only.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._entries = _load(file)
        self._fresh: dict[str, Any] = {}

    def get(self, path: str, status: os.stat_result) -> Any:
        """The value put for the path, or None where there is none or the file has changed since."""
        entry = self._entries.get(path)
        return entry[1] if entry is not None and entry[0] == stamp(status) else None

    def put(self, path: str, status: os.stat_result, value: Any, keep: bool = True) -> None:
        """Remember a value worked out while the file had this status; on disk too, at the next `save`, if `keep`."""
        age = time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns)
        if 0 <= age < SETTLED_SECONDS * 1e9:
            return
        self._entries[path] = [stamp(status), value]
        if keep:
            self._fresh[path] = self._entries[path]

    def save(self) -> None:
        """Write what is new, together with what other processes wrote meanwhile."""
        if not self._fresh:
            return
        merged = {**_load(self._file), **self._fresh}
        entries = dict(list(merged.items())[-_MOST:])
        self._fresh = {}
        with contextlib.suppress(OSError):
            write_whole(self._file, json.dumps({"checksum": _checksum(entries), "entries": entries}))


def _checksum(entries: Mapping[str, Any]) -> str:
    return hashlib.blake2b(json.dumps(entries).encode(), digest_size=16).hexdigest()


def _load(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_bytes())
        entries = content["entries"]
        sound = content["checksum"] == _checksum(entries)
    except (OSError, ValueError, TypeError, LookupError, RecursionError):
        return {}
    return dict(entries) if sound else {}


def write_whole(file: Path, text: str) -> None:
    """Write under a temporary name and rename, so that a reader finds the old content or the new."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=f"{file.stem}-", suffix=".tmp", dir=file.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.replace(temporary, file)
    except OSError:
        os.unlink(temporary)
        raise
