"""A graph from its text, from a file, or from those that ship with noisegraph."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from .errors import GraphError, Problem, did_you_mean
from .form import Part, malformed
from .garbage import no_search
from .reading.source import LARGEST, read
from .written import Graph

SUFFIX = ".json"


class MalformedError(GraphError):
    """A graph whose parts are not of the form that they must have; `sound` is the graph without them."""

    def __init__(self, problems: Iterable[Problem], sound: Graph) -> None:
        super().__init__(problems)
        self.sound = sound


def parse(text: str | bytes, name: str = "graph", folder: Path | None = None) -> Graph:
    """A Graph from JSON text; raises GraphError with all problems of its form, MalformedError where a graph is left."""
    with no_search():
        data = read(text, name)
        graph = Graph(name, text if isinstance(text, str) else text.decode("utf-8-sig"), folder, data)
        found = list(malformed(graph))
    if found:
        raise MalformedError([problem for problem, _ in found], _without(graph, [part for _, part in found]))
    return graph


def _without(graph: Graph, parts: Sequence[Part]) -> Graph:
    data = {key: dict(value) if type(value) is dict else value for key, value in graph.data.items()}
    for key, *names in parts:
        if not names:
            data.pop(key, None)
        elif key in data:
            data[key].pop(names[0], None)
    return replace(graph, data=data, left_out=frozenset(part[-1] for part in parts))


def library_folder() -> Path | None:
    """The folder of the graphs that ship with noisegraph."""
    found = importlib.util.find_spec("noisegraph.graphs")
    folders = list(found.submodule_search_locations or ()) if found else []
    return Path(folders[0]) if folders else None


def library() -> dict[str, Path]:
    """The graphs that ship with noisegraph: name (`digit`, `systems/ddpm`) -> file."""
    folder = library_folder()
    if folder is None:
        return {}
    files = sorted(folder.rglob(f"*{SUFFIX}"))
    return {path.relative_to(folder).with_suffix("").as_posix(): path for path in files}


def load(path: Path, name: str | None = None) -> Graph:
    """The graph in a file; raises GraphError when it cannot be read or is not one."""
    try:
        if not path.is_file():
            raise GraphError.of(f"cannot read {path}: it is no regular file")
        with open(path, "rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise GraphError.of(f"cannot read {path}: {error.strerror or error}") from error
    return parse(data, name or str(path), path.resolve().parent)


def find(name: str, folder: Path | None = None) -> Graph:
    """The graph that a name stands for: a path (from `folder`), or a graph of the library."""
    path = Path(name) if folder is None else folder / name
    if path.suffix == SUFFIX or _holds(path.is_file):
        if _holds(path.exists):
            return load(path, None if folder is None else _short(path))
        raise GraphError.of(f"no file {path}", did_you_mean(path.name, _siblings(path)))
    known = library()
    if name in known:
        return load(known[name], f"{name}{SUFFIX}")
    hint = did_you_mean(name, known) or "`noisegraph graphs` lists the library, `noisegraph nodes` the nodes"
    raise GraphError.of(f"no graph '{name[:200]}', neither a file nor in the library", hint)


def _holds(question: Callable[[], bool]) -> bool:
    try:
        return question()
    except (OSError, ValueError):  # a name that no file system takes
        return False


def _short(path: Path) -> str:
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except (OSError, ValueError):
        return str(path)


def _siblings(path: Path) -> list[str]:
    try:
        return [one.name for one in path.parent.iterdir()][:1000]
    except OSError:
        return []
