"""A graph by what it is asked for with: a file, a name in the library, a picture that noisegraph made, or `-`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .check import check
from .errors import GraphError, Place, in_order, said
from .folders import working_folder
from .graph import MalformedError, find, parse
from .reading.source import LARGEST
from .registry import Registry
from .written import Graph

if TYPE_CHECKING:
    from .extensions import Importer
    from .writing.provenance import Record

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


class Opened(NamedTuple):
    """A graph, the values of inputs that came with it, and the record that they came in, if it was a picture's."""

    graph: Graph
    given: Mapping[str, Any]
    record: Record | None = None


def opened(name: str, registry: Registry) -> Opened:
    """The graph that is meant; raises GraphError. Texts that are no graphs are offered to the plugins' importers."""
    if name == "-":
        return Opened(parsed(sys.stdin.buffer.read(LARGEST + 1), "stdin", working_folder(), registry), {})
    path = Path(name)
    if is_picture(path):
        found = record_in(path)
        return Opened(found.graph, found.inputs, found)
    try:
        if not path.is_file():
            return Opened(find(name), {})
        with open(path, "rb") as file:
            data = file.read(LARGEST + 1)
        return Opened(parsed(data, str(path), path.resolve().parent, registry), {})
    except (OSError, ValueError) as error:  # a name that no file system takes, a file that may not be read
        raise GraphError.of(f"no graph '{name[:200]}': {error}") from None


def parsed(data: bytes, name: str, folder: Path, registry: Registry) -> Graph:
    """The graph; where the data is none, what the first importer makes of it.

    Raises GraphError with all that is wrong: the form of some parts does not hide what is wrong with the others.
    """
    try:
        return parse(data, name, folder)
    except GraphError as error:
        for importer in registry.collect("noisegraph_importers") if len(data) <= LARGEST else ():
            content = _read(importer, data.decode("utf-8", "replace"), name)
            if content is not None:
                return parse(json.dumps(content, indent=2), name, folder)
        if not isinstance(error, MalformedError):
            raise
        problems = [*error.problems, *check(error.sound, registry).problems]
        raise GraphError(in_order(problems, name)) from None


def _read(importer: Importer, text: str, name: str) -> Mapping[str, Any] | None:
    try:
        return importer.read(text)
    except Exception as error:
        told = f"the importer '{importer.name}' failed: {type(error).__name__}: {said(error)}"
        raise GraphError.of(told, where=Place(name)) from error


def record_in(path: Path) -> Record:
    """How a picture was made; raises GraphError where it does not say."""
    from .writing.picture import text_of
    from .writing.provenance import load

    if not path.exists():
        raise GraphError.of("no such file", where=Place(str(path)))
    return load(text_of(path), str(path), path.resolve().parent)


def is_picture(path: Path) -> bool:
    """Whether the file is a PNG, or would be one by its name if it were there."""
    try:
        if not path.is_file():
            return path.suffix.lower() == ".png"
        with open(path, "rb") as file:
            return file.read(len(_SIGNATURE)) == _SIGNATURE
    except (OSError, ValueError):
        return False
