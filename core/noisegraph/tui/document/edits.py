"""What an author does to a graph: each edit is a function from a document to the document after it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...errors import GraphError, Place, Problem
from .document import Document
from .patch import Patch, Path, appended, applied, found, inserted, removed, renamed, replaced, written
from .references import Reference, literal, plain, reference, references

_ORDER = ("$schema", "about", "paper", "needs", "inputs", "nodes", "outputs", "sweep")
"""The order of a graph's keys, where one is added."""


class EditError(GraphError):
    """An edit that cannot be made; its problem says why."""


def set_value(document: Document, node: str, port: str, value: Any) -> Document:
    """With a literal on a port."""
    return write(document, node, port, literal(value), f"set {node}.{port}")


def write(document: Document, node: str, port: str, value: Any, label: str = "") -> Document:
    """With what the author wrote on a port: there `$name` is a reference, and `$$` a dollar."""
    _node(document, node)
    return document.changed(_put(document.text, ("nodes", node), port, value), label or f"write {node}.{port}")


def reset(document: Document, node: str, port: str) -> Document:
    """Without what stands on a port: it takes its default."""
    return _without(document, [("nodes", node, port)], f"reset {node}.{port}")


def set_input(document: Document, name: str, value: Any) -> Document:
    """With a default for an input, which is made if it is not there."""
    text = _section(document, "inputs")
    return document.changed(_put(text, ("inputs",), name, value), f"set input {name}")


def connect(document: Document, node: str, port: str, source: str, many: bool = False) -> Document:
    """With a wire from `source` (`name` or `name.field`) to a port; `many`: beside the wires of its list."""
    held = _node(document, node).get(port)
    label = f"connect {source} to {node}.{port}"
    if not many or held is None:
        return write(document, node, port, [f"${source}"] if many else f"${source}", label)
    if not isinstance(held, list):
        return write(document, node, port, [held, f"${source}"], label)
    return document.changed(appended(document.text, ("nodes", node, port), f"${source}"), label)


def disconnect(document: Document, node: str, port: str, source: str = "") -> Document:
    """Without the wire on a port; without that from `source`, where it has a list of them."""
    held = _node(document, node).get(port)
    label = f"disconnect {node}.{port}"
    if source and isinstance(held, list) and f"${source}" in held and len(held) > 1:
        return _without(document, [("nodes", node, port, held.index(f"${source}"))], label)
    return _without(document, [("nodes", node, port)], label)


def add(
    document: Document, name: str, use: str, ports: Mapping[str, Any] | None = None, behind: str | None = None
) -> Document:
    """With a new node, of which `ports` are as they are written; behind another, or last."""
    _free(document, name)
    node = {"use": use, **(ports or {})}
    text = _section(document, "nodes")
    return document.changed(inserted(text, ("nodes",), name, node, behind, lines=True), f"add {name}")


def add_output(document: Document, name: str, source: str) -> Document:
    """With an output that gives `source`, a node or one of its fields."""
    text = _section(document, "outputs")
    return document.changed(_put(text, ("outputs",), name, f"${source}"), f"output {source} as {name}")


def delete(document: Document, names: Iterable[str], instead: Mapping[str, str] | None = None) -> Document:
    """Without some nodes. What read one of them reads what it has in `instead`; what has none reads nothing there."""
    gone, instead = list(names), instead or {}
    for name in gone:
        _node(document, name)
    text, others = document.text, [one for one in references(document.data) if one.name in gone]
    bridged = {
        one: _bridge(one, instead, set(gone)) for one in others if one.path[1] not in gone or one.path[0] != "nodes"
    }
    text = applied(text, [_rewritten(text, one.path, found_) for one, found_ in bridged.items() if found_])
    text = _pruned(text, [one.path for one, found_ in bridged.items() if not found_])
    for name in gone:
        text = removed(text, ("nodes", name))
    return document.changed(text, f"delete {', '.join(gone)}")


def _bridge(one: Reference, instead: Mapping[str, str], gone: set[str]) -> str:
    """The reference that takes the place of one to a node that goes; empty where there is none."""
    text, seen = one.text, set[str]()
    while (meant := reference(text)) is not None and meant[0] in gone:
        if meant[1] or meant[0] in seen or meant[0] not in instead:
            return ""
        seen.add(meant[0])
        text = f"${instead[meant[0]]}"
    return text


def rename(document: Document, old: str, new: str) -> Document:
    """With another name for a node or an input, wherever the graph names it."""
    if old == new:
        return document
    section = "inputs" if old in document.data.get("inputs", {}) else "nodes"
    if section == "nodes":
        _node(document, old)
    _free(document, new)
    text = document.text
    patches = [renamed(text, (section, old), new)]
    patches += [
        _rewritten(text, one.path, f"${new}{one.fields}") for one in references(document.data) if one.name == old
    ]
    if section == "inputs":
        patches += [renamed(text, path, new) for path in _swept(document.data.get("sweep"), old)]
    return document.changed(applied(text, patches), f"rename {old} to {new}")


def _swept(sweep: Any, name: str) -> list[Path]:
    if isinstance(sweep, dict):
        return [("sweep", name)] if name in sweep else []
    rows = enumerate(sweep) if isinstance(sweep, list) else ()
    return [("sweep", index, name) for index, row in rows if isinstance(row, dict) and name in row]


def promote(document: Document, node: str, port: str, name: str, value: Any) -> Document:
    """With an input of the graph that a parameter takes its value from; `value` is what it is now."""
    _free(document, name)
    held = _node(document, node).get(port)
    made = set_input(document, name, plain(held) if held is not None else value)
    text = write(made, node, port, f"${name}").text
    return document.changed(text, f"make {node}.{port} the input {name}")


def remove_input(document: Document, name: str) -> Document:
    """Without an input: the ports that read it get its value."""
    value, text = document.data.get("inputs", {})[name], document.text
    reading = [one for one in references(document.data) if one.name == name]
    if value is None and reading:
        raise EditError([Problem(Place(document.name), f"input '{name}' has no value to leave behind", "give it one")])
    text = applied(text, [_rewritten(text, one.path, literal(value)) for one in reading if one.path[0] == "nodes"])
    gone = [one.path for one in reading if one.path[0] == "outputs"]
    return document.changed(_pruned(text, [*gone, ("inputs", name)]), f"remove input {name}")


def set_sweep(document: Document, sweep: Mapping[str, Sequence[Any]] | None) -> Document:
    """With the sweep that the graph is to run through; None: with none."""
    if sweep is None:
        return _without(document, [("sweep",)], "remove the sweep")
    return document.changed(_put(document.text, (), "sweep", dict(sweep)), "set the sweep")


def set_about(document: Document, node: str, about: str) -> Document:
    """With a node's description, or the graph's where `node` is empty; without one, where it is empty."""
    path: Path = ("nodes", node) if node else ()
    if not about:
        return _without(document, [(*path, "about")], f"describe {node or 'the graph'}")
    return document.changed(_put(document.text, path, "about", about), f"describe {node or 'the graph'}")


def _put(text: str, path: Path, key: str, value: Any) -> str:
    """With a member of an object: changed where it is there, else added."""
    try:
        found(text, (*path, key))
    except KeyError:
        return inserted(text, path, key, value, _before(text, key) if not path else None)
    return replaced(text, (*path, key), value)


def _section(document: Document, key: str) -> str:
    """The text with one of a graph's objects, made where it is missing."""
    return document.text if key in document.data else _put(document.text, (), key, {})


def _before(text: str, key: str) -> str:
    """The key of a graph behind which another one belongs; empty for the first."""
    known = json.loads(text.removeprefix("\ufeff"))
    order = _ORDER[: _ORDER.index(key)] if key in _ORDER else tuple(known)
    return next((one for one in reversed(order) if one in known), "")


def _without(document: Document, paths: Sequence[Path], label: str) -> Document:
    return document.changed(_pruned(document.text, paths), label)


def _pruned(text: str, paths: Sequence[Path]) -> str:
    """Without the members at these paths; an item that leaves its list empty takes the list with it."""
    for path in sorted(paths, key=_last_first):
        try:
            at = found(text, path)
        except KeyError:
            continue
        held = found(text, path[:-1])
        alone = (
            isinstance(path[-1], int)
            and not text[held.value + 1 : at.start].strip() + text[at.end : held.end - 1].strip()
        )
        text = removed(text, path[:-1] if alone else path)
    return text


def _last_first(path: Path) -> tuple[int, ...]:
    return tuple(-part for part in path if isinstance(part, int))


def _rewritten(text: str, path: Path, value: Any) -> Patch:
    at = found(text, path)
    return Patch(at.value, at.end, written(value))


def _node(document: Document, name: str) -> Mapping[str, Any]:
    node = document.data.get("nodes", {}).get(name)
    if not isinstance(node, dict):
        raise EditError([Problem(Place(document.name), f"no node '{name}'")])
    return node


def _free(document: Document, name: str) -> None:
    from ...form import NAME

    taken = name in document.data.get("nodes", {}) or name in document.data.get("inputs", {})
    if taken or not NAME.fullmatch(name):
        what = f"'{name}' is taken" if taken else f"'{name}' cannot be a name"
        hint = "choose another" if taken else "use letters, digits, '_' and '-'; begin with a letter"
        raise EditError([Problem(Place(document.name), what, hint)])
