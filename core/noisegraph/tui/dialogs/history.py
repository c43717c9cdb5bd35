"""The prompts that were used before, kept for the next session, the newest last."""

from __future__ import annotations

import json
from pathlib import Path

MOST_KEPT = 500


class Prompts:
    """Earlier prompts in a file of JSON lines; a file that cannot be read or written costs only the memory of them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._texts: list[str] | None = None

    @property
    def texts(self) -> list[str]:
        """The prompts, the newest last; read when first asked for."""
        if self._texts is None:
            self._texts = _read(self._path)
        return self._texts

    def add(self, text: str) -> None:
        """A prompt was used; raises OSError where it cannot be kept for the next session."""
        if not text.strip() or (self.texts and self.texts[-1] == text):
            return
        self._texts = [*[one for one in self.texts if one != text][1 - MOST_KEPT :], text]
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text("".join(json.dumps(one) + "\n" for one in self._texts), encoding="utf-8")


def _read(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return []
    return [text for line in lines if isinstance(text := _parsed(line), str)]


def _parsed(line: str) -> object:
    try:
        return json.loads(line)
    except ValueError:
        return None
