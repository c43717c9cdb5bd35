"""What is remembered of a graph beside its file: the cursor, folds, marks of nodes, what becomes of its seeds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from ..document.marks import Marks, Pin


@dataclass(frozen=True)
class Aside:
    """All of it, for one graph."""

    node: str = ""
    """The one under the cursor."""
    folds: tuple[str, ...] = ()
    marked: frozenset[str] = frozenset()
    """Nodes that were picked out, to set a parameter on all of them."""
    marks: Marks = field(default_factory=Marks)
    policies: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "node": self.node,
            "folds": list(self.folds),
            "marked": sorted(self.marked),
            "muted": sorted(self.marks.muted),
            "bypassed": sorted(self.marks.bypassed),
            "pinned": {name: pin.nodes for name, pin in self.marks.pinned.items()},
            "policies": [[*target, policy] for target, policy in self.policies.items()],
        }

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """From plain data; what is not understood counts as not there."""
        pinned = told.get("pinned")
        pins = {
            str(name): Pin({str(one): node for one, node in nodes.items() if isinstance(node, dict)})
            for name, nodes in (pinned.items() if isinstance(pinned, dict) else ())
            if isinstance(nodes, dict)
        }
        marks = Marks(frozenset(_names(told.get("muted"))), frozenset(_names(told.get("bypassed"))), pins)
        policies = {(node, port): policy for node, port, policy in _threes(told.get("policies"))}
        node = told.get("node")
        folds = tuple(_names(told.get("folds")))
        return cls(node if isinstance(node, str) else "", folds, frozenset(_names(told.get("marked"))), marks, policies)


def _names(told: object) -> list[str]:
    return [one for one in told if isinstance(one, str)] if isinstance(told, list) else []


def _threes(told: object) -> Iterable[list[str]]:
    return (names for one in (told if isinstance(told, list) else ()) if len(names := _names(one)) == 3)
