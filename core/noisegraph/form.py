"""The form of a graph file: which keys it has, what names are like, and what of it is malformed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import prod
from typing import Any, TypeAlias

from .errors import Problem, did_you_mean
from .written import Graph

FORMS: dict[str, type] = {
    "$schema": object,
    "about": str,
    "paper": str,
    "inputs": dict,
    "nodes": dict,
    "outputs": dict,
    "sweep": object,
    "needs": dict,
}
"""The keys of a graph and what stands there; of an `object` it is seen to elsewhere."""
NAME = re.compile(r"[^\W\d][\w-]*")
LONGEST_NAME = 100
"""How many bytes a name may have: files are named after outputs."""
MOST_POINTS = 100_000
"""How many points a sweep may have."""

Part: TypeAlias = tuple[str, ...]
"""The path of what is left out where it has a problem: a key of the file, or a name in one of its objects."""


def malformed(graph: Graph) -> Iterator[tuple[Problem, Part]]:
    """What is not of the form that it must have, and which part it is that has to be left out because of it."""
    sound = True
    for key, value in graph.data.items():
        form = FORMS.get(key)
        if form is None:
            hint = did_you_mean(key, FORMS) or f"a graph has {', '.join(FORMS)}"
            yield Problem(graph.place(key, key=True), f"no such key in a graph: '{key}'", hint), (key,)
        elif not isinstance(value, form):
            sound = False
            wanted = "an object" if form is dict else "a string"
            yield Problem(graph.place(key), f"'{key}' must be {wanted}, found {_shown(value)}"), (key,)
    if sound:
        yield from _malformed_inside(graph)


def _malformed_inside(graph: Graph) -> Iterator[tuple[Problem, Part]]:
    yield from _name_problems(graph)
    for name, node in graph.nodes.items():
        if type(node) is not dict:
            told = f"a node must be an object, found {_shown(node)}"
            yield Problem(graph.place("nodes", name), told), ("nodes", name)
        elif type(node.get("use")) is not str:
            told = 'a node needs "use": the name of a node or of a graph'
            yield Problem(graph.place("nodes", name), told), ("nodes", name)
    for name, reference in graph.outputs.items():
        if not (isinstance(reference, str) and reference[:1] == "$" and reference[:2] != "$$"):
            found = f"an output must be a reference, found {_shown(reference)}"
            hint = 'write "$node" or "$node.field"'
            yield Problem(graph.place("outputs", name), found, hint), ("outputs", name)
    for name, version in graph.needs.items():
        if not isinstance(version, str):
            told = f"must be a range of versions, found {_shown(version)}"
            yield Problem(graph.place("needs", name), told), ("needs", name)
    for problem in _sweep_problems(graph):
        yield problem, ("sweep",)


def _name_problems(graph: Graph) -> Iterator[tuple[Problem, Part]]:
    fits = NAME.fullmatch
    for section in ("inputs", "nodes", "outputs"):
        for name in graph.data.get(section, ()):
            if len(name) > LONGEST_NAME // 4 and len(name.encode()) > LONGEST_NAME:
                told, hint = f"'{name[:60]}...' is too long for a name", f"take {LONGEST_NAME} bytes at most"
                yield Problem(graph.place(section, name, key=True), told, hint), (section, name)
            elif not (name.isidentifier() and name.isascii()) and not fits(name):  # to match takes four times as long
                told, hint = f"'{name[:60]}' cannot be a name", "use letters, digits, '_' and '-'"
                yield Problem(graph.place(section, name, key=True), told, hint), (section, name)
    for name in graph.inputs.keys() & graph.nodes.keys():
        told = f"'{name}' is the name of an input and of a node"
        yield Problem(graph.place("nodes", name, key=True), told, "rename one of them"), ("inputs", name)


def _sweep_problems(graph: Graph) -> Iterator[Problem]:
    sweep = graph.data.get("sweep")
    if sweep is None:
        return
    rows: list[Any] = sweep if isinstance(sweep, list) else [sweep]
    if not all(isinstance(row, dict) for row in rows):
        hint = '{"scale": [3, 5]} is a product, [{"scale": 3}, {"scale": 5}] are rows'
        yield Problem(
            graph.place("sweep"), f"a sweep is an object of lists or a list of objects, found {_shown(sweep)}", hint
        )
        return
    for index, row in enumerate(rows):
        at: tuple[str | int, ...] = ("sweep", index) if isinstance(sweep, list) else ("sweep",)
        for name, values in row.items():
            if name not in graph.inputs:
                hint = did_you_mean(name, graph.inputs) or f"its inputs are {', '.join(graph.inputs) or 'none'}"
                yield Problem(graph.place(*at, name, key=True), f"sweeps '{name}', which is no input", hint)
            if unmeant := _reference(values):
                told = f"'{unmeant[:200]}': a reference cannot stand in a sweep"
                yield Problem(graph.place(*at, name), told, 'write "$$" for a literal dollar')
            if isinstance(sweep, dict) and not (isinstance(values, list) and values):
                yield Problem(graph.place(*at, name), f"wants a list of values, found {_shown(values)}")
        if isinstance(sweep, dict):
            count = prod(len(values) for values in row.values() if isinstance(values, list))
            if count > MOST_POINTS:
                yield Problem(graph.place("sweep"), f"a sweep of {count} points", f"take at most {MOST_POINTS}")
        if isinstance(sweep, list) and row.keys() != rows[0].keys():
            told = f"this row gives {', '.join(row) or 'nothing'}, the first {', '.join(rows[0]) or 'nothing'}"
            yield Problem(graph.place(*at), told, "give the same inputs in every row")


def _reference(value: Any) -> str:
    """A text in the value that looks like a reference, or the empty text."""
    if type(value) is str:
        return value if value[:1] == "$" and value[:2] != "$$" else ""
    items = value if type(value) is list else value.values() if type(value) is dict else ()
    return next(filter(None, map(_reference, items)), "")


def _shown(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
