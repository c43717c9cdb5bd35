"""Which graph to open: a file, a graph of the library as the beginning of one's own, or the graph in a picture."""

from __future__ import annotations

from pathlib import Path

from ..errors import GraphError
from ..graph import SUFFIX, library
from .document.document import Document

FIRST = ("emoji", "digit")
"""What is opened the first time: the first of these that the library has."""


def open_graph(name: str) -> Document:
    """The graph that is meant; raises GraphError where there is none."""
    path = Path(name).expanduser()
    try:
        is_file = path.is_file()
    except (OSError, ValueError) as error:  # a name that no file system takes
        raise GraphError.of(f"no graph '{name[:200]}': {error}") from None
    if is_file:
        return _of_picture(path) if path.suffix.lower() == ".png" else Document.open(path.resolve())
    known = library()
    if name in known:
        text = Document.open(known[name]).text
        return Document.like(text, Path.cwd() / f"{Path(name).name}{SUFFIX}")
    raise GraphError.of(f"no graph '{name[:200]}', neither a file nor in the library")


def first_graph() -> str:
    """What to open where nothing was open before."""
    known = library()
    return next((name for name in FIRST if name in known), next(iter(known), ""))


def last_graph(path: str) -> Document | None:
    """The graph that was open last; None where it is gone. One of the library that was never saved opens as itself."""
    if not path:
        return None
    known = library()
    stem = Path(path).stem
    try:
        if Path(path).is_file():
            return Document.open(Path(path))
        return Document.like(Document.open(known[stem]).text, Path(path)) if stem in known else None
    except (GraphError, OSError, ValueError):
        return None


def _of_picture(path: Path) -> Document:
    from ..opening import record_in

    return Document.like(record_in(path).graph.text, Path.cwd() / f"{path.stem}{SUFFIX}")
