"""Which graph to open: a file, a graph of the library, or the graph in a picture."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from ..errors import GraphError
from ..graph import library

FIRST = ("emoji", "digit")
"""What is opened the first time, the first that the library has."""


class Opened(NamedTuple):
    """A graph's text, and the file that it was read from."""

    text: str
    path: Path


def open_graph(name: str) -> Opened:
    """The graph that is meant; raises GraphError where there is none."""
    path = Path(name)
    try:
        if path.is_file():
            return _picture(path) if path.suffix.lower() == ".png" else Opened(_text(path), path.resolve())
        known = library()
        if name in known:
            return Opened(_text(known[name]), known[name])
    except (OSError, ValueError) as error:
        raise GraphError.of(f"cannot read {name[:200]}: {error}") from None
    raise GraphError.of(f"no graph '{name[:200]}', neither a file nor in the library")


def first_graph() -> str:
    """What to open where nothing was open before."""
    known = library()
    return next((name for name in FIRST if name in known), next(iter(known), ""))


def _text(path: Path) -> str:
    with open(path, encoding="utf-8-sig", newline="") as file:
        return file.read()


def _picture(path: Path) -> Opened:
    from ..opening import record_in

    return Opened(record_in(path).graph.text, path.resolve().with_suffix(".json"))
