"""What is copied of a graph: a node as it is written, its seed, its prompt, the command line that makes the picture."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from ..document.document import Document
from ..document.patch import found
from ..form.fields import Field, Form


def node_text(document: Document, node: str) -> str:
    """The node as it is written in the file, with its name."""
    at = found(document.text, ("nodes", node))
    return document.text[at.start : at.end]


def first_of(form: Form, *ways: str) -> Field | None:
    """The first parameter of a form that is edited in one of these ways."""
    return next((one for one in form.fields if one.kind.way in ways and one.origin != "wire"), None)


def command_line(document: Document, library: Mapping[str, Any], until: str = "") -> str:
    """The command that makes what the graph makes; inputs are in the graph, so a saved file says it all."""
    name = next((name for name, path in library.items() if path == document.path), str(document.path))
    parts = ["noisegraph", "run", name]
    if document.dirty and not document.problems:
        parts += [f"{key}={value}" for key, value in _changed_inputs(document)]
    return shlex.join([*parts, *(["--until", until] if until else [])])


def _changed_inputs(document: Document) -> list[tuple[str, str]]:
    import json

    clean = Document.like(document.clean, document.path)
    before = clean.data.get("inputs", {}) if not clean.problems else {}
    return [
        (name, value if isinstance(value, str) else json.dumps(value))
        for name, value in document.data.get("inputs", {}).items()
        if name in before and before[name] != value
    ]
