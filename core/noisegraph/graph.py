"""The graph file: what it holds, where it lies, and where in its text a part of it stands."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from .errors import GraphError, Place, Problem, did_you_mean
from .folders import model_folders, working_folder
from .form import MOST_POINTS as MOST_POINTS
from .form import NAME as NAME
from .form import Part, malformed
from .garbage import no_search
from .reading.positions import Positions
from .reading.source import LARGEST, read

SUFFIX = ".json"


@dataclass(frozen=True)
class Graph:
    """A graph as it is written. `folder` is where relative paths begin; None for text that lies nowhere."""

    name: str
    text: str = field(repr=False)
    folder: Path | None
    data: Mapping[str, Any] = field(repr=False)
    parts: Mapping[str, Graph] = field(repr=False, default_factory=dict)
    """The graphs that nodes `use`, where they were kept together with this one."""
    left_out: frozenset[str] | None = None
    """The names in it that were left out because they are malformed; None for a graph that is whole."""

    @property
    def about(self) -> str:
        """What the graph is for, in its author's words."""
        return str(self.data.get("about", ""))

    @property
    def paper(self) -> str:
        """What the graph shows was published by: authors and year."""
        return str(self.data.get("paper", ""))

    @property
    def inputs(self) -> dict[str, Any]:
        """Input -> default; None where a value must be given."""
        return self.data.get("inputs", {})  # type: ignore[no-any-return]

    @property
    def nodes(self) -> dict[str, dict[str, Any]]:
        """Node -> its object as it is written."""
        return self.data.get("nodes", {})  # type: ignore[no-any-return]

    @property
    def outputs(self) -> dict[str, str]:
        """Output -> reference."""
        return self.data.get("outputs", {})  # type: ignore[no-any-return]

    @property
    def needs(self) -> dict[str, str]:
        """Distribution -> range of versions."""
        return self.data.get("needs", {})  # type: ignore[no-any-return]

    @property
    def readable(self) -> list[Path]:
        """The folders that the graph may read: its own, the working folder, and those of models."""
        return [*([self.folder] if self.folder else []), working_folder(), *model_folders()]

    @cached_property
    def points(self) -> tuple[dict[str, Any], ...]:
        """The points of the sweep: input -> value; one empty point without a sweep."""
        return sweep_points(unescaped(self.data.get("sweep")))

    @cached_property
    def _positions(self) -> Positions:
        return Positions(self.text)

    def place(self, *path: str | int, key: bool = False) -> Place:
        """Where the part of the graph at `path` stands in its text."""
        line, column = self._positions.locate(path, key=key)
        return Place(self.name, line, column, ".".join(str(part) for part in path))


def sweep_points(sweep: Any) -> tuple[dict[str, Any], ...]:
    """The product of an object of lists, or the rows of a list of objects."""
    if not sweep:
        return ({},)
    if isinstance(sweep, list):
        return tuple(dict(row) for row in sweep)
    points: list[dict[str, Any]] = [{}]
    for name, values in sweep.items():
        points = [{**point, name: value} for point in points for value in values]
    return tuple(points)


def unescaped(value: Any) -> Any:
    """A value as it is meant, from what a file says: `$$` begins a literal dollar, also inside of lists and objects."""
    return _texts(value, lambda text: text[1:] if text[:2] == "$$" else text)


def escaped(value: Any) -> Any:
    """A value in the form that it has in a file."""
    return _texts(value, lambda text: f"${text}" if text[:1] == "$" else text)


def _texts(value: Any, change: Callable[[str], str]) -> Any:
    if type(value) is str:
        return change(value)
    if type(value) is list:
        return [_texts(item, change) for item in value]
    return {key: _texts(item, change) for key, item in value.items()} if type(value) is dict else value


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
