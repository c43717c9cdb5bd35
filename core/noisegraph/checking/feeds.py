"""The ports that the inputs of a graph reach: an input's type follows from them, and they must want the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ..errors import Problem
from ..port import Port
from ..types import describe, fits
from ..written import Graph
from .scope import FlatNode


@dataclass(frozen=True)
class Feed:
    """A port that an input of the graph reaches."""

    node: FlatNode
    port: Port


Feeds: TypeAlias = Mapping[str, list[Feed]]
"""Input -> the ports that it reaches."""


def type_of_input(name: str, feeds: Feeds) -> str:
    """The type of an input, as it follows from the ports that it feeds: the narrowest of theirs."""
    kinds = [feed.port.type for feed in feeds.get(name, ())]
    narrow = next((kind for kind in kinds if all(fits(kind, other) for other in kinds)), None)
    return describe(narrow) if kinds else "unused"


def conflicts(graph: Graph, feeds: Feeds) -> Iterator[Problem]:
    """The inputs that feed ports of types that no value has both of."""
    for name, reached in feeds.items():
        first = reached[0]
        for other in reached[1:]:
            if not (fits(first.port.type, other.port.type) or fits(other.port.type, first.port.type)):
                told = (
                    f"input '{name}' feeds '{first.port.name}' of {first.node.id} ({describe(first.port.type)}) and "
                    f"'{other.port.name}' of {other.node.id} ({describe(other.port.type)}), which no value fits"
                )
                yield Problem(graph.place("inputs", name), told, "use two inputs")
                break
