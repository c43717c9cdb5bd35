"""What stands beside a node in a drawing: its parameters in short, its state in a word, its progress as a bar."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from ...quantities import duration
from ..outline import Item, Outline
from ..state.node import NodeState

_LONGEST = 40


class Part(NamedTuple):
    """A piece of a line, and what it is, which decides how it looks."""

    text: str
    kind: str = ""


def summary(outline: Outline, item: Item) -> str:
    """The parameters of a node in short, those that are inputs of the graph with the value given there."""
    told = [*item.values.items(), *_inputs(outline, item)]
    return " · ".join(f"{name} {short(value)}" for name, value in told)


def _inputs(outline: Outline, item: Item) -> Iterator[tuple[str, Any]]:
    for wire in item.wires:
        if wire.source in outline.inputs and wire.source not in outline.items:
            yield wire.port, outline.inputs[wire.source]


def short(value: Any, longest: int = _LONGEST) -> str:
    """A value on one line; texts without quotes."""
    text = " ".join(value.split()) if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def told(state: NodeState, width: int) -> list[Part]:
    """The state in at most that many columns: a bar with its steps, a time, or a word."""
    if state.kind == "running" and state.of:
        return progress(state, width)
    text: str = state.kind if state.kind not in ("unknown", "pending") else ""
    if state.kind == "done" and state.seconds is not None:
        timed = f"done {duration(state.seconds)}"
        text = timed if len(timed) <= width else text
    return [Part(text[:width], state.kind)]


def progress(state: NodeState, width: int) -> list[Part]:
    """A bar, with the number of steps beside it where there is room."""
    count = f" {str(state.step).rjust(len(str(state.of)))}/{state.of}"
    bar = width - len(count)
    if bar < 4:
        return [Part(count[1 : width + 1], "running")]
    full = min(bar * state.step // state.of, bar)
    return [Part("━" * full, "running"), Part("─" * (bar - full), "rail"), Part(count, "running")]


def fitted(parts: list[Part], width: int, kind: str = "") -> list[Part]:
    """The parts in exactly that many columns: cut with an ellipsis, or filled up with blanks."""
    room = width
    line: list[Part] = []
    for part in parts:
        if len(part.text) > room:
            line.append(Part(f"{part.text[: room - 1]}…" if room else "", part.kind))
            return line
        line.append(part)
        room -= len(part.text)
    return [*line, Part(" " * room, kind)] if room else line
