"""A graph by what it is asked for with: a file, a name in the library, a picture that noisegraph made, or `-`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .errors import GraphError, Place
from .graph import Graph, find, parse
from .source import LARGEST

if TYPE_CHECKING:
    from .provenance import Record

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


class Opened(NamedTuple):
    """A graph, the values of inputs that came with it, and the record that they came in, if it was a picture's."""

    graph: Graph
    given: Mapping[str, Any]
    record: Record | None = None


def opened(name: str) -> Opened:
    """The graph that is meant; raises GraphError."""
    if name == "-":
        return Opened(parse(sys.stdin.buffer.read(LARGEST + 1), "stdin", Path.cwd()), {})
    path = Path(name)
    if _is_picture(path):
        found = record_in(path)
        return Opened(found.graph, found.inputs, found)
    try:
        return Opened(find(name), {})
    except (OSError, ValueError) as error:  # a name that no file system takes
        raise GraphError.of(f"no graph '{name[:200]}': {error}") from None


def record_in(path: Path) -> Record:
    """How a picture was made; raises GraphError where it does not say."""
    from .picture import text_of
    from .provenance import load

    if not path.exists():
        raise GraphError.of("no such file", where=Place(str(path)))
    return load(text_of(path), str(path), path.resolve().parent)


def _is_picture(path: Path) -> bool:
    try:
        if not path.is_file():
            return path.suffix.lower() == ".png"
        with open(path, "rb") as file:
            return file.read(len(_SIGNATURE)) == _SIGNATURE
    except (OSError, ValueError):
        return False
