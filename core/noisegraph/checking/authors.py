"""What the authors of nodes say of what their ports are given: their validators, and the facts that follow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..errors import MOST_TOLD, Problem, said
from ..facts import Facts
from .args import literals, literals_for
from .problems import Problems
from .scope import Arg, FlatNode, Wire


def validate(
    node: FlatNode, validator: Callable[..., None], points: Iterable[Mapping[str, Arg]], problems: Problems
) -> None:
    """Tell of the literals that the node's validator refuses, at each point of a sweep."""
    told: set[str] = set()
    for args in points:
        given = literals_for(validator, node.spec, args)
        try:
            if given is not None:
                validator(**given)
        except (Exception, SystemExit) as error:
            what = f"{node.spec.full_name}: {said(error) or type(error).__name__}"
            if what not in told and len(told) < MOST_TOLD:
                told.add(what)
                problems.append(_refusal(node, what, error))


def facts(
    node: FlatNode, follow: Callable[[Facts], Facts], known: Mapping[int, Facts], problems: Problems
) -> Facts | None:
    """What follows for the node's value from what is `known` of other nodes'; None where it cannot be told."""
    given = {name: port.default for name, port in node.spec.ports.items() if not port.required} | literals(node.args)
    for name, arg in node.args.items():
        if type(arg) is Wire:
            found: Any = known.get(arg.node, {})
            for field in arg.fields:
                found = found.get(field, {}) if isinstance(found, Mapping) else {}
            given[name] = found
    if any(name not in given and port.wired for name, port in node.spec.ports.items()):
        return None  # a wire is missing or leads nowhere, which has been told
    try:
        return follow(given)
    except (Exception, SystemExit) as error:
        problems.append(_refusal(node, f"{node.spec.full_name}: {said(error)}", error))
        return None


def _refusal(node: FlatNode, what: str, error: BaseException) -> Problem:
    return Problem(node.scope.place("nodes", node.name), what, getattr(error, "hint", ""))
