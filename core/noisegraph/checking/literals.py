"""Values typed into a graph or given to it, against the ports that they reach: accepted, or told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from ..errors import Place, Problem
from ..port import Port
from ..reading.files import resolve
from ..types import describe
from ..written import Graph
from .problems import Problems
from .scope import FlatNode, Literal

Sweeps: TypeAlias = dict[tuple[Port, str, Path | None], list[Any]]
"""What `sweep_key` gives -> the accepted values, one a point."""


def sweep_key(node: FlatNode, port: Port, name: str) -> tuple[Port, str, Path | None]:
    """What the accepted values of a swept input depend on: a file's name begins at the folder of the node's graph."""
    return port, name, node.scope.graph.folder if port.file is not None else None


class Literals:
    """Puts what ports accept into the nodes' `args`, and into `swept` for the points of a sweep."""

    def __init__(
        self,
        graph: Graph,
        given: Mapping[str, Any],
        points: Sequence[Mapping[str, Any]],
        problems: Problems,
    ) -> None:
        self.graph = graph
        self.in_call = given
        self.points = points
        self.problems = problems
        self.swept: Sweeps = {}

    def typed(self, node: FlatNode, port: Port, value: Any) -> None:
        """A value typed on the node's own port."""
        where = ("nodes", node.name, port.name)
        if port.wired and value is not None:
            told = f"'{port.name}' of {node.spec.full_name} is wired: it wants {describe(port.type)} from a node"
            hint = _dollar(node, value) or 'write a reference like "$node"'
            self.problems.append(Problem(node.scope.place(*where), told, hint))
            return
        try:
            node.args[port.name] = self._accept(node, port, value)
        except ValueError as error:
            told = f"'{port.name}' of {node.spec.full_name} {error}"
            self.problems.append(Problem(node.scope.place(*where), told, _dollar(node, value)))

    def given(self, node: FlatNode, port: Port, arg: Literal) -> None:
        """A value that comes through an input, of the whole graph or of the sub-graph that the node is in."""
        try:
            node.args[port.name] = self._accept(node, port, arg.value)
        except ValueError as error:
            wanted = f"'{port.name}' of {node.spec.full_name} ({node.id})"
            told = f"input '{arg.source}', for {wanted}, {error}" if arg.source else f"for {wanted}: {error}"
            scope, path = arg.place
            where = Place(self.graph.name) if arg.source in self.in_call else scope.place(*path)
            self.problems.append(Problem(where, told))

    def sweep(self, node: FlatNode, port: Port, name: str) -> None:
        """The values that the points of the sweep give to an input."""
        key = sweep_key(node, port, name)
        if key in self.swept:
            return
        self.swept[key] = accepted = []
        told: set[str] = set()
        for number, point in enumerate(self.points, 1):
            try:
                accepted.append(self._accept(node, port, point[name]))
            except ValueError as error:
                accepted.append(None)
                if str(error) not in told:
                    told.add(str(error))
                    wanted = f"'{port.name}' of {node.spec.full_name} ({node.id})"
                    what = f"point {number} of the sweep, '{name}' for {wanted}, {error}"
                    self.problems.append(Problem(self.graph.place("sweep"), what))

    def _accept(self, node: FlatNode, port: Port, value: Any) -> Any:
        accepted = port.accept(value)
        if port.file is None or accepted is None:
            return accepted
        readable, kind = node.scope.graph.readable, port.file
        if isinstance(accepted, (list, tuple)):
            return type(accepted)(str(resolve(one, readable, kind.suffixes, kind.folders)) for one in accepted)
        return str(resolve(accepted, readable, kind.suffixes, kind.folders))


def _dollar(node: FlatNode, value: Any) -> str:
    """The reference that a text was probably meant for, its dollar forgotten."""
    name = value.partition(".")[0] if isinstance(value, str) else None
    graph = node.scope.graph
    return f'did you mean "${value}"?' if name in graph.nodes or name in graph.inputs else ""
