"""Edits: whatever the graph and however it is written, the text after it is what is wanted, no more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from noisegraph.tui.document import edits
from noisegraph.tui.document.document import Document
from noisegraph.tui.document.patch import found
from noisegraph.tui.document.references import literal, references

from tests.tui.written_graphs import TEXTS, VALUES, documents, parsed

EXAMPLES = settings(max_examples=50, deadline=None)
PORTS = st.sampled_from(["scale", "a", "bb", "größe", "new port"])


def _nodes(document: Document) -> st.SearchStrategy[str]:
    return st.sampled_from(list(parsed(document)["nodes"]))


def _slices(document: Document, section: str) -> dict[str, str]:
    """The text of each member of a section, key and all."""
    text = document.text
    return {name: _slice(document, (section, name)) for name in parsed(document).get(section, {}) if text}


def _slice(document: Document, path: tuple[str | int, ...]) -> str:
    at = found(document.text, path)
    return document.text[at.start : at.end]


def _check(before: Document, after: Document, wanted: Any, touched: tuple[str, ...] = ()) -> None:
    """The text is the wanted graph in the wanted order; what the edit does not touch is as written; undo undoes."""
    assert parsed(after) == wanted
    assert repr(parsed(after)) == repr(wanted)  # in the same order, and 1 is not True
    for section in ("inputs", "nodes", "outputs"):
        old, new = _slices(before, section), _slices(after, section)
        assert all(new[name] == old[name] for name in old.keys() & new.keys() if name not in touched)
    assert after.undo().text == before.text
    assert after.undo().redo().text == after.text
    assert after.text == before.text or after.dirty


def _outside(before: Document, after: Document, path: tuple[str | int, ...]) -> None:
    """Around the object at a path not a byte differs."""
    old, new = found(before.text, path), found(after.text, path)
    assert before.text[: old.value] == after.text[: new.value]
    assert before.text[old.end :] == after.text[new.end :]


@EXAMPLES
@given(st.data(), documents(), PORTS, VALUES)
def test_a_value_that_is_set_stands_on_its_port_and_nothing_else_is_touched(
    data: st.DataObject, document: Document, port: str, value: Any
) -> None:
    node = data.draw(_nodes(document))
    wanted = parsed(document)
    wanted["nodes"][node][port] = literal(value)
    after = edits.set_value(document, node, port, value)
    held = parsed(document)["nodes"][node].get(port)
    assert parsed(after) == wanted
    if not isinstance(held, dict):  # of an object that stays, keys keep their order
        _check(document, after, wanted, (node,))
    _outside(document, after, ("nodes", node))
    for other in parsed(document)["nodes"][node].keys() - {port}:
        assert _slice(document, ("nodes", node, other)) == _slice(after, ("nodes", node, other))


@EXAMPLES
@given(st.data(), documents())
def test_a_port_that_is_reset_is_gone(data: st.DataObject, document: Document) -> None:
    node = data.draw(_nodes(document))
    wanted = parsed(document)
    port = data.draw(st.sampled_from(list(wanted["nodes"][node])))
    del wanted["nodes"][node][port]
    after = edits.reset(document, node, port)
    _check(document, after, wanted, (node,))
    _outside(document, after, ("nodes", node))


@EXAMPLES
@given(documents(), st.sampled_from(["seed", "steps", "m", "neu"]), st.one_of(st.integers(), TEXTS))
def test_an_input_is_set_or_made(document: Document, name: str, value: Any) -> None:
    wanted = parsed(document)
    wanted["inputs"][name] = value
    after = edits.set_input(document, name, value)
    _check(document, after, wanted, (name,))
    _outside(document, after, ("inputs",))


@EXAMPLES
@given(st.data(), documents(), PORTS, st.booleans())
def test_a_wire_is_set_or_joins_the_wires_of_its_list(
    data: st.DataObject, document: Document, port: str, many: bool
) -> None:
    node, source = data.draw(_nodes(document)), data.draw(_nodes(document)) + ".unet"
    wanted = parsed(document)
    held = wanted["nodes"][node].get(port)
    listed = [] if held is None else held if isinstance(held, list) else [held]
    wanted["nodes"][node][port] = [*listed, f"${source}"] if many else f"${source}"
    after = edits.connect(document, node, port, source, many)
    _check(document, after, wanted, (node,))
    _outside(document, after, ("nodes", node))


@EXAMPLES
@given(st.data(), documents(), st.dictionaries(PORTS, VALUES.map(literal), max_size=3))
def test_a_node_is_added_behind_another_or_last(data: st.DataObject, document: Document, ports: dict[str, Any]) -> None:
    behind = data.draw(st.one_of(st.none(), _nodes(document)))
    wanted = parsed(document)
    names = list(wanted["nodes"])
    names.insert(len(names) if behind is None else names.index(behind) + 1, "fresh")
    wanted["nodes"] = {name: wanted["nodes"].get(name, {"use": "a.b", **ports}) for name in names}
    after = edits.add(document, "fresh", "a.b", ports, behind)
    _check(document, after, wanted)
    _outside(document, after, ("nodes",))


@EXAMPLES
@given(st.data(), documents())
def test_a_node_that_is_renamed_keeps_every_reference_and_no_other_changes(
    data: st.DataObject, document: Document
) -> None:
    old = data.draw(st.sampled_from([*parsed(document)["nodes"], *parsed(document)["inputs"]]))

    def told(value: Any, inside: Callable[[Any], Any]) -> Any:
        return {new_name(key): inside(one) for key, one in value.items()}

    def new_name(name: str) -> str:
        return "neu" if name == old else name

    def moved(value: Any) -> Any:
        if isinstance(value, list):
            return [moved(one) for one in value]
        if isinstance(value, str) and value.startswith("$") and not value.startswith("$$"):
            name, dot, fields = value[1:].partition(".")
            return f"${new_name(name)}{dot}{fields}"
        return value

    wanted = parsed(document)
    wanted["nodes"] = told(
        wanted["nodes"],
        lambda node: {key: one if key in ("use", "about") else moved(one) for key, one in node.items()},
    )
    wanted["inputs"] = told(wanted["inputs"], lambda value: value)
    wanted["outputs"] = {key: moved(one) for key, one in wanted["outputs"].items()}
    if "sweep" in wanted:
        wanted["sweep"] = told(wanted["sweep"], lambda values: values)
    after = edits.rename(document, old, "neu")
    naming = {str(one.path[1]) for one in references(document.data) if one.name == old}
    _check(document, after, wanted, (old, *naming))
    before_last = {name for name in parsed(document)["nodes"] if name not in (old, *naming)}
    assert all(_slice(document, ("nodes", name)) == _slice(after, ("nodes", name)) for name in before_last)
    assert edits.rename(after, "neu", old).data == document.data


@EXAMPLES
@given(st.data(), documents())
def test_a_node_that_is_deleted_leaves_no_reference(data: st.DataObject, document: Document) -> None:
    gone = data.draw(st.lists(_nodes(document), min_size=1, max_size=2, unique=True))
    after = edits.delete(document, gone)
    wanted = {name: _cleared(node, gone) for name, node in parsed(document)["nodes"].items() if name not in gone}
    assert parsed(after)["nodes"] == wanted
    assert parsed(after)["outputs"] == _cleared(parsed(document)["outputs"], gone)
    assert not [one for one in references(after.data) if one.name in gone]
    assert after.undo().text == document.text


def _cleared(ports: dict[str, Any], gone: list[str]) -> dict[str, Any]:
    """The ports without those that refer to what is gone; of a list the items that do not."""
    left = {}
    for port, value in ports.items():
        if port in ("use", "about"):
            left[port] = value
        elif isinstance(value, list) and value:
            items = [one for one in value if not _refers(one, gone)]
            if items or not value:
                left[port] = items
        elif not _refers(value, gone):
            left[port] = value
    return left


def _refers(value: Any, gone: list[str]) -> bool:
    dollar = isinstance(value, str) and value.startswith("$") and not value.startswith("$$")
    return dollar and value[1:].partition(".")[0] in gone


@EXAMPLES
@given(st.data(), documents())
def test_what_read_a_deleted_node_reads_what_is_put_in_its_place(data: st.DataObject, document: Document) -> None:
    gone = data.draw(_nodes(document))
    after = edits.delete(document, [gone], {gone: "elsewhere.part"})
    plain = [one for one in references(document.data) if one.name == gone and one.path[:2] != ("nodes", gone)]
    now = {one.path: one.text for one in references(after.data)}
    lists_that_shrink = {one.path[:-1] for one in plain if one.fields}
    for one in plain:
        if not one.fields and one.path[:-1] not in lists_that_shrink:
            assert now[one.path] == "$elsewhere.part"
    assert not [one for one in references(after.data) if one.name == gone]


@EXAMPLES
@given(st.data(), documents(), VALUES)
def test_a_parameter_that_becomes_an_input_keeps_its_value(data: st.DataObject, document: Document, value: Any) -> None:
    node = data.draw(_nodes(document))
    set_once = edits.set_value(document, node, "scale", value)
    after = edits.promote(set_once, node, "scale", "strength", 3)
    assert parsed(after)["inputs"]["strength"] == (3 if value is None else value)
    assert parsed(after)["nodes"][node]["scale"] == "$strength"
    assert after.undo().text == set_once.text
    if value is not None:
        assert parsed(edits.remove_input(after, "strength")) == parsed(set_once)


@EXAMPLES
@given(documents(), st.lists(st.integers(), min_size=1, max_size=4))
def test_a_sweep_is_set_and_removed(document: Document, values: list[int]) -> None:
    wanted = parsed(document)
    wanted["sweep"] = {"seed": values}
    after = edits.set_sweep(document, {"seed": values})
    assert parsed(after) == wanted
    assert "sweep" not in parsed(edits.set_sweep(after, None))


@EXAMPLES
@given(st.data(), documents(), st.lists(st.sampled_from(["add", "set", "undo", "redo", "delete"]), max_size=12))
def test_undo_and_redo_walk_through_every_text_there_was(
    data: st.DataObject, document: Document, steps: list[str]
) -> None:
    texts, at = [document.text], 0
    for number, step in enumerate(steps):
        before = document
        if step == "undo":
            document, at = document.undo(), max(at - 1, 0)
        elif step == "redo":
            document, at = document.redo(), min(at + 1, len(texts) - 1)
        elif step == "add":
            document = edits.add(document, f"n{number}", "a.b")
        elif not parsed(document)["nodes"]:
            continue
        elif step == "delete":
            document = edits.delete(document, [data.draw(_nodes(document))])
        else:
            document = edits.set_value(document, data.draw(_nodes(document)), "scale", number)
        if step in ("add", "set", "delete") and document is not before:
            texts, at = [*texts[: at + 1], document.text], at + 1
        assert document.text == texts[at]


def test_names_that_are_taken_or_cannot_be_names_are_refused() -> None:
    document = Document.like('{"inputs": {"seed": 1}, "nodes": {"a": {"use": "x.y"}}}', Document("").path)
    for name, told in (("a", "taken"), ("seed", "taken"), ("1a", "cannot be"), ("", "cannot be"), ("a b", "cannot be")):
        with pytest.raises(edits.EditError, match=told):
            edits.add(document, name, "x.y")
        if name != "a":
            with pytest.raises(edits.EditError, match=told):
                edits.rename(document, "a", name)
