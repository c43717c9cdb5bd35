"""Sweeps as one types them: `scale = 1, 2, 4`, `steps = 10..50 step 10`, `node.scale = 1..3`, `prompt = cat | dog`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from math import prod
from typing import Any, NamedTuple

from ...errors import did_you_mean
from ..document.document import Document
from ..document.edits import promote
from ..form.fields import Context, Field, inputs_form, node_form
from ..form.kind import meant
from .offers import free_name

MOST_VALUES = 1000


class Axis(NamedTuple):
    """What is swept, through which values."""

    name: str
    field: Field
    values: tuple[Any, ...]


def swept_names(context: Context) -> dict[str, Field]:
    """What can be swept: the graph's inputs by their name, parameters by `node.parameter`."""
    found = {field.name: field for field in inputs_form(context).fields}
    for node in context.outline.items:
        for field in node_form(node, context).fields:
            if field.origin in ("set", "default"):
                found[f"{node}.{field.name}"] = field
    return found


def axis(text: str, known: Mapping[str, Field]) -> Axis:
    """The axis that a line means; raises ValueError with what is wrong with it."""
    name, equals, values = (part.strip() for part in text.partition("="))
    if name not in known:
        raise ValueError(f"no input or parameter '{name}'; {did_you_mean(name, known) or 'write node.parameter'}")
    if not equals or not values:
        raise ValueError(f"write {name} = 1, 2, 3 or {name} = 1..9 step 2")
    field = known[name]
    return Axis(name, field, tuple(meant(one, field.kind, field.port.limits) for one in _values(values, field)))


def _values(text: str, field: Field) -> list[str]:
    if field.kind.way in ("text", "prompt", "file"):
        return [part.strip() for part in text.split("|")]
    if field.kind.way in ("list", "json"):
        return [part.strip() for part in text.split(";")]
    if ".." in text:
        return _range(text)
    return [part.strip() for part in text.split(",") if part.strip()]


def _range(text: str) -> list[str]:
    ends, _, by = text.partition("step")
    first, _, last = ends.partition("..")
    try:
        low, high, step = Decimal(first.strip()), Decimal(last.strip()), Decimal(by.strip() or "1")
    except InvalidOperation:
        raise ValueError(f"'{text.strip()}' is no range; write 1..9 or 0..1 step 0.25") from None
    if not step:
        raise ValueError("a step of 0 leads nowhere")
    step = abs(step) if high >= low else -abs(step)
    count = int((high - low) / step) + 1
    if count > MOST_VALUES:
        raise ValueError(f"{count} values; take at most {MOST_VALUES}")
    return [str(low + index * step) for index in range(count)]


def points(axes: Sequence[Axis]) -> int:
    """How many points the axes make."""
    return prod(len(one.values) for one in axes)


def swept(document: Document, axes: Sequence[Axis]) -> tuple[Document, dict[str, list[Any]]]:
    """The graph whose swept parameters are inputs, and the sweep through them."""
    sweep: dict[str, list[Any]] = {}
    for one in axes:
        name = one.field.name
        if one.field.node:
            name = free_name(document.outline, f"{one.field.node}-{one.field.name}")
            document = promote(document, one.field.node, one.field.name, name, one.field.value)
        sweep[name] = list(one.values)
    return document, sweep
