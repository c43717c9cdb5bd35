"""A graph as it is written: what it holds, where it lies, and where in its text a part of it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from .errors import Place
from .folders import model_folders, working_folder
from .reading.positions import Positions


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
