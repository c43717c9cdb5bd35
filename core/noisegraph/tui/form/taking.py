"""What an edit of a field makes of the graph."""

from __future__ import annotations

from typing import Any

from ..document.document import Document
from ..document.edits import set_input, set_value, write
from .fields import Field
from .kind import meant


def taken(document: Document, field: Field, text: str) -> Document:
    """The graph with what a text means as the field's value; raises ValueError with what is wrong with the text."""
    return given(document, field, meant(text, field.kind, field.port.limits))


def given(document: Document, field: Field, value: Any) -> Document:
    """The graph with another value of the field: on its port, or of the input that the port reads."""
    node, port = field.target
    if not node:
        return set_input(document, port, value)
    if field.kind.way == "json":  # there an author writes references, too
        return write(document, node, port, value, f"set {node}.{port}")
    return set_value(document, node, port, value)
