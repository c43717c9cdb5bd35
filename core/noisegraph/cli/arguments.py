"""`name=value` and `--sweep name=v1,v2`: text to the values that the graph's inputs take."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..check import check
from ..errors import Place, Problem
from ..port import Port
from ..registry import Registry
from ..written import Graph


@dataclass
class Arguments:
    """What the arguments ask for, and what is wrong with them."""

    given: dict[str, Any] = field(default_factory=dict)
    sweep: dict[str, list[Any]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def arguments(graph: Graph, registry: Registry, values: Sequence[str], sweeps: Sequence[str]) -> Arguments:
    """Each value is JSON where it parses and the ports that its input feeds take that, else a text."""
    found = Arguments()
    if not values and not sweeps:
        return found
    ports = {name: [feed.port for feed in feeds] for name, feeds in check(graph, registry).feeds.items()}
    for name, text in _named(values, "name=value", found.problems):
        if name in found.given:
            found.problems.append(Problem(Place(), f"'{name}' is given twice"))
        found.given[name] = _value(text, ports.get(name, ()))
    for name, text in _named(sweeps, "--sweep name=v1,v2", found.problems):
        if name in found.sweep:
            found.problems.append(Problem(Place(), f"'{name}' is swept twice"))
        found.sweep[name] = [_value(one, ports.get(name, ())) for one in split(text)] if text else []
    return found


def _named(texts: Sequence[str], form: str, problems: list[Problem]) -> Iterator[tuple[str, str]]:
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            problems.append(Problem(Place(), f"'{text[:200]}' names no input and its value", f"write {form}"))
        elif not _is_utf8(text):
            problems.append(Problem(Place(), f"the value of '{name[:200]}' is not UTF-8"))
        else:
            yield name, value


def _value(text: str, ports: Sequence[Port]) -> Any:
    """The JSON value, unless only the text itself fits all ports."""
    choices: list[Any] = [text]
    try:
        choices.insert(0, json.loads(text, parse_constant=_refused, parse_float=_finite))
    except (ValueError, RecursionError):
        return text
    return next((choice for choice in choices if ports and all(_takes(port, choice) for port in ports)), choices[0])


def _takes(port: Port, value: Any) -> bool:
    try:
        port.accept(value)
    except (ValueError, RecursionError):
        return False
    return True


def split(text: str) -> list[str]:
    """The parts between commas; commas in quotes and brackets do not count where these are JSON."""
    found: list[str] = []
    held: list[str] = []
    for part in text.split(","):
        held.append(part)
        whole = ",".join(held)
        if not whole.lstrip().startswith(('"', "[", "{")) or _is_json(whole):
            found.append(whole)
            held = []
    return found + held


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _refused(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is too large")
    return value
