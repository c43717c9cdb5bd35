"""A form as lines of text: parameters first, then wires, what the node gives, how it stands, and what it is for."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from rich.cells import cell_len, set_cell_size

from ...quantities import duration, size
from ..rows import Part, Tone
from ..state.node import GLYPHS, NodeState
from .fields import Field, Form

WIDE = 96
"""From this width on, what is told of the node stands beside its parameters."""
_LONGEST_NAME = 18
_ORIGINS: dict[str, Tone] = {"set": "", "default": "muted", "input": "", "wire": "live", "missing": "bad"}
_STATES: dict[str, Tone] = {"done": "good", "cached": "good", "failed": "bad", "blocked": "bad", "stale": "warn"}


@dataclass(frozen=True)
class Line:
    """One line; `field` is what it edits, where it edits something."""

    parts: tuple[Part, ...]
    field: Field | None = None


@dataclass(frozen=True)
class Columns:
    """Where the names, the values and the notes of fields stand."""

    name: int
    value: int
    note: int


def columns(form: Form, width: int) -> Columns:
    """The columns for a width."""
    width = width * 11 // 20 - 1 if width >= WIDE else width
    names = [cell_len(one.name) for one in (*form.fields, *form.wires)]
    name = min(max(names, default=0), _LONGEST_NAME, max(width // 3, 4))
    note = min(max([cell_len(_note(one)) for one in form.fields], default=0), max((width - name) // 2 - 2, 0))
    return Columns(name, max(width - name - note - 4, 4), note)


def lines(form: Form, state: NodeState, width: int) -> list[Line]:
    """The form for a width; on a wide pane in two columns."""
    at = columns(form, width)
    fields = [line for one in form.fields for line in _field(one, at)]
    wires = [line for one in form.wires for line in _field(one, at)]
    if not form.fields:
        fields = [Line((Part(" no parameters" if form.known else " a node of a plugin that is not there", "muted"),))]
    if width < WIDE:
        beside = [*_section("reads", wires), *_told(form, state, width)]
        return [*fields, *beside]
    left = width * 11 // 20
    told = list(_told(form, state, width - left - 2))[1:]
    return [_beside(one, other, left) for one, other in zip_longest([*fields, *_section("reads", wires)], told)]


def help_of(field: Field) -> tuple[str, str]:
    """What a field is for, and what it may be."""
    port = field.port
    kind = port.type or "of a type that is not known"
    default = "required" if port.required else f"default {json.dumps(port.default, ensure_ascii=False)}"
    limits = [limit for limit in port.limits if len(limit) <= 20]  # a seed's bound says nothing to anybody
    told = [kind if len(kind) < 60 else field.kind.way, *limits, default]
    return port.help or port.name, " · ".join(told if field.node else [kind, *limits])


def _field(one: Field, at: Columns) -> Iterator[Line]:
    note = _note(one)
    value = one.text.replace("\n", " ⏎ ") or ("needs a value" if one.origin == "missing" else '""')
    tone = "bad" if one.problem else _ORIGINS[one.origin]
    if one.port.wired:
        value = value if one.source else "—" if not one.port.required else "needs a wire"
        note = one.port.type
        room = min(len(note), (at.value + at.note) // 2)
        at = Columns(at.name, at.value + at.note - room, room)
    parts = (
        Part(f" {_cut(one.name, at.name)}  ", "bad" if one.problem else ""),
        Part(_cut(value, at.value), tone),
        Part(f" {_cut(note, at.note)}", "warn" if one.was is not None else "muted"),
    )
    yield Line(parts, one)
    if one.problem:
        yield Line((Part(f"   ✖ {one.problem}", "bad"),))


def _note(one: Field) -> str:
    changed = f"was {one.was or 'nothing'}" if one.was is not None else ""
    changed = changed if len(changed) <= 20 else "● changed"
    source = f"← {one.source[0]}" if one.origin == "input" else ""
    return " · ".join(part for part in (source, changed, one.range) if part)


def _section(title: str, inside: Sequence[Line]) -> list[Line]:
    return [Line(()), Line((Part(f" {title.upper()}", "muted"),)), *inside] if inside else []


def _told(form: Form, state: NodeState, width: int) -> Iterator[Line]:
    gives = [
        f"{'value' if not name else '.' + name}  {kind}{'  → ' + ', '.join(readers) if readers else ''}"
        for name, kind, readers in form.gives
        if readers or not name
    ]
    yield from _section("gives", [Line((Part(f" {_cut(text, width - 1)}"),)) for text in gives])
    if state.kind != "unknown":
        tone = _STATES.get(state.kind, "")
        told = [f"{GLYPHS[state.kind]} {state.kind}", state.why, duration(state.seconds) if state.seconds else ""]
        told.append(f"{size(state.held)} in memory" if state.held else "")
        text = " · ".join(part for part in told if part)
        yield from _section("state", [Line((Part(f" {part}", tone),)) for part in textwrap.wrap(text, width - 2)])
    for title, text in (("about", form.about), ("help", form.doc)):
        yield from _section(title, [Line((Part(f" {part}", "muted"),)) for part in _wrapped(text, width - 2)])


def _wrapped(text: str, width: int) -> list[str]:
    return [part for line in text.splitlines() for part in textwrap.wrap(line, max(width, 10)) or [""]]


def _beside(one: Line | None, other: Line | None, left: int) -> Line:
    first = one.parts if one else ()
    used = sum(cell_len(part.text) for part in first)
    gap = Part(" " * max(left - used, 0) + "│ ", "muted")
    return Line((*first, gap, *(other.parts if other else ())), one.field if one else None)


def _cut(text: str, width: int) -> str:
    """The text in exactly so many cells."""
    if cell_len(text) <= width:
        return set_cell_size(text, max(width, 0))
    return set_cell_size(text, width - 1) + "…" if width > 0 else ""
