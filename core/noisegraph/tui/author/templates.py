"""The graphs that can be opened: files here, and those of the library, which are templates."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from ...graph import SUFFIX, library
from ..dialogs.matching import Choice

MOST_FILES = 500


def graphs(folder: Path) -> Iterator[Choice[str]]:
    """Graphs by what opens them: the files of a folder, then the library."""
    for path in sorted(folder.glob(f"*{SUFFIX}"))[:MOST_FILES]:
        about = _about(path)
        if about is not None:
            yield Choice(path.name, str(path), f"here · {about}", about)
    for name, path in library().items():
        about = _about(path) or ""
        yield Choice(name, name, f"library · {about}", about)


def _about(path: Path) -> str | None:
    """What the graph in a file is for; None where there is none."""
    try:
        graph = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return None
    return str(graph.get("about", "")) if isinstance(graph, dict) and "nodes" in graph else None
