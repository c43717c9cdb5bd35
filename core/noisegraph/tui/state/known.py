"""The nodes as the worker told them last time, kept on disk, so that forms open before it is up."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Sequence
from pathlib import Path

from ..link.lines import Message
from .catalog import Catalog

_KEPT = ("nodes", "flows", "plugins")


class Known:
    """One file for each worker's command line."""

    def __init__(self, folder: Path, command: Sequence[str]) -> None:
        self._path = folder / "tui" / "catalogs" / f"{zlib.crc32(json.dumps(list(command)).encode()):08x}.json"

    def message(self) -> Message:
        """What was kept; empty where nothing was, or it cannot be read."""
        try:
            told = json.loads(self._path.read_text(encoding="utf-8"))
            Catalog.of(told)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}
        return told if isinstance(told, dict) else {}

    def keep(self, message: Message) -> None:
        """Keep what the worker told; raises OSError."""
        content = {name: message[name] for name in _KEPT if name in message}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        new.write_text(json.dumps(content), encoding="utf-8")
        os.replace(new, self._path)
