"""Files that a parameter may name: those of its kinds, below the folders that the graph may read."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from ...folders import model_folders
from ...quantities import size
from ..dialogs.matching import Choice

MOST_FOUND = 2000
"""How many files are offered; a folder with more is not meant to be looked through."""


def files(folder: Path, suffixes: Sequence[str]) -> Iterator[Choice[str]]:
    """The files by the path that the graph would write, with their size."""
    left, seen = MOST_FOUND, set[str]()
    for home in dict.fromkeys((folder, Path.cwd(), *model_folders())):
        for path, count in _below(home):
            name = path.relative_to(home).as_posix()
            if name in seen or (suffixes and path.suffix.lower() not in suffixes):
                continue
            seen.add(name)
            yield Choice(name, name, size(count), str(home))
            left -= 1
            if not left:
                return


def _below(home: Path) -> Iterator[tuple[Path, int]]:
    for folder, folders, names in os.walk(home):
        folders[:] = sorted(name for name in folders if not name.startswith("."))[:200]
        for name in sorted(names):
            path = Path(folder, name)
            try:
                yield path, path.stat().st_size
            except OSError:
                continue
