"""Graphs of all shapes, written in all ways that authors write JSON: the strategies of tests of edits."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

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


class _Wire(NamedTuple):
    """A wire to one of the graph's names, whichever these are."""

    place: int
    field: str

    def to(self, names: Sequence[str]) -> str:
        return f"${names[self.place % len(names)]}{self.field}"


_WIRE = st.builds(_Wire, st.integers(0, len(NAMES) + len(INPUTS)), st.sampled_from(["", ".unet", ".a.b"]))
_PORT = st.one_of(VALUES.map(_literal), _WIRE, st.lists(_WIRE, min_size=1, max_size=3))
_PORTS = st.dictionaries(st.sampled_from(["about", "scale", "a", "bb", "größe"]), _PORT, max_size=4)
_USED = st.tuples(st.sampled_from(["guide.cfg", "model.digit", "parts/walk"]), _PORTS)
_PLAN = st.tuples(
    st.dictionaries(st.sampled_from(NAMES), _USED, min_size=1),
    st.dictionaries(st.sampled_from(INPUTS), VALUES),
    st.dictionaries(st.sampled_from(["image", "x"]), _WIRE, max_size=2),
    st.booleans(),
)


def _wired(value: Any, names: Sequence[str]) -> Any:
    if isinstance(value, _Wire):
        return value.to(names)
    return [_wired(one, names) for one in value] if isinstance(value, list) else value


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, Any]:
    """A graph with inputs, wires, lists of wires, literals that look like wires, outputs and sometimes a sweep."""
    nodes, inputs, outputs, swept = draw(_PLAN)
    names = [*nodes, *inputs]
    graph: dict[str, Any] = {"inputs": inputs}
    graph["nodes"] = {
        name: {"use": use, **{port: _wired(value, names) for port, value in ports.items()}}
        for name, (use, ports) in nodes.items()
    }
    graph["outputs"] = {name: wire.to(names) for name, wire in outputs.items()}
    if inputs and swept:
        graph["sweep"] = {next(iter(inputs)): [1, 2]}
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
