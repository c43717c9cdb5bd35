"""Graphs of all shapes, written in all ways that authors write JSON: the strategies of tests of edits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from noisegraph.tui.document.document import Document

INPUTS = ["seed", "steps", "m"]
NAMES = ["model", "noise", "näher", "model-2", "x", "modell", "绘", "_a1"]
_NUMBERS = st.one_of(st.integers(-(10**12), 10**12), st.floats(allow_nan=False, allow_infinity=False), st.booleans())
TEXTS = st.one_of(
    st.text(max_size=8), st.sampled_from(["$", "$$", "$model", "a, b: {c}", '"quoted"\\', "tab\tline\n", "🙂"])
)
VALUES = st.recursive(
    st.one_of(st.none(), _NUMBERS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=5,
)


def _encodable(text: str) -> bool:
    return not any(0xD800 <= ord(sign) < 0xE000 for sign in text)


def _literal(value: Any) -> Any:
    if isinstance(value, str):
        return "$" + value if value.startswith("$") else value
    if isinstance(value, list):
        return [_literal(one) for one in value]
    return {key: _literal(one) for key, one in value.items()} if isinstance(value, dict) else value


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, Any]:
    """A graph with inputs, wires, lists of wires, literals that look like wires, outputs and sometimes a sweep."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    inputs = draw(st.lists(st.sampled_from(INPUTS), unique=True))
    fields = st.sampled_from(["", ".unet", ".a.b"])
    wire = st.builds(lambda name, field: f"${name}{field}", st.sampled_from(names + inputs), fields)
    port = st.one_of(VALUES.map(_literal), wire, st.lists(wire, min_size=1, max_size=3))
    node = st.dictionaries(st.sampled_from(["about", "scale", "a", "bb", "größe"]), port, max_size=4)
    uses = st.sampled_from(["guide.cfg", "model.digit", "parts/walk"])
    graph: dict[str, Any] = {"inputs": draw(st.fixed_dictionaries(dict.fromkeys(inputs, VALUES)))}
    graph["nodes"] = {name: {"use": draw(uses), **draw(node)} for name in names}
    graph["outputs"] = draw(st.dictionaries(st.sampled_from(["image", "x"]), wire, max_size=2))
    swept: bool = draw(st.booleans())
    if inputs and swept:
        graph["sweep"] = {inputs[0]: [1, 2]}
    return graph


@st.composite
def written(draw: st.DrawFn, graph: dict[str, Any]) -> str:
    """The graph as text: on one line or many, with blanks, tabs, line ends, escapes and a byte order mark at random."""
    end = draw(st.sampled_from(["\n", "\r\n"]))
    breaks = draw(st.integers(0, 4))
    indent = draw(st.sampled_from(["  ", "\t", "    "]))
    comma, colon = draw(st.sampled_from([(", ", ": "), (",", ":"), (" ,\t", " : "), (",  ", ":   ")]))
    pad = draw(st.sampled_from(["", " "]))
    escaped = draw(st.booleans())

    def told(value: Any, depth: int) -> str:
        if not isinstance(value, (dict, list)):
            return json.dumps(value, ensure_ascii=escaped)
        parts = [told(one, depth + 1) for one in (value.values() if isinstance(value, dict) else value)]
        if isinstance(value, dict):
            keys = [json.dumps(key, ensure_ascii=escaped) for key in value]
            parts = [f"{key}{colon}{part}" for key, part in zip(keys, parts, strict=True)]
        opened, closed = "{}" if isinstance(value, dict) else "[]"
        if depth >= breaks or not parts:
            return opened + pad + comma.join(parts) + pad + closed
        lead = end + indent * (depth + 1)
        return opened + lead + f",{lead}".join(parts) + end + indent * depth + closed

    return draw(st.sampled_from(["", "\ufeff", "\n "])) + told(graph, 0) + draw(st.sampled_from(["", end]))


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """A document of a graph."""
    text = draw(graphs().flatmap(written).filter(_encodable))
    return Document.like(text, Path("graph.json"))


def parsed(document: Document) -> Any:
    """The document's text as any other reader of JSON takes it."""
    return json.loads(document.text.removeprefix("\ufeff"))
