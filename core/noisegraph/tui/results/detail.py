"""What is told of one result, or of two beside each other."""

from __future__ import annotations

import textwrap
import time

from ...quantities import duration
from ..graph.words import Part
from ..paths import short_path
from .compare import differences, first_differing
from .result import Result
from .tile import shape


def about(result: Result, before: Result | None, name: str, width: int) -> list[list[Part]]:
    """Its number, time and file, and how it differs from another one; `name` says which that is."""
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(result.time))
    head = [shape(result), Part(f" #{result.number}", "strong"), Part(f" {result.name} · {duration(result.seconds)}")]
    head += [Part(" ★", "star")] if result.starred else []
    lines = [head, [Part(when, "muted")]]
    if result.message:
        lines += _wrapped(result.message, width, "failed")
    if result.file:
        lines += _wrapped(short_path(result.file), width, "muted")
    if before is not None:
        lines += [[], *_compared(before, result, name, width)]
    return lines


def _compared(before: Result, after: Result, name: str, width: int) -> list[list[Part]]:
    found = differences(before, after)
    if not found:
        return _wrapped(f"nothing differs from {name}", width, "muted")
    told = " · ".join(map(str, found))
    node = first_differing(before, after)
    lines = _wrapped(f"Δ to {name}: {told}", width, "")
    return [*lines, [Part("first node that differs: ", "muted"), Part(node or "none", "strong")]]


def table(before: Result, after: Result, width: int) -> list[list[Part]]:
    """Parameter, A and B, where they differ."""
    found = differences(before, after)
    names = min(max((len(one.name) for one in found), default=9), width // 3)
    each = max((width - names - 4) // 2, 1)
    lines = [
        [Part("parameter".ljust(names + 2), "muted"), Part(f"A #{before.number}".ljust(each + 2), "mark"),
         Part(f"B #{after.number}", "mark")]
    ]  # fmt: skip
    for one in found:
        columns = [
            textwrap.wrap(one.name.lstrip("$"), names) or [""],
            textwrap.wrap(one.before, each) or [""],
            textwrap.wrap(one.after, each) or [""],
        ]
        for row in range(max(map(len, columns))):
            cells = [column[row] if row < len(column) else "" for column in columns]
            lines.append(
                [Part(cells[0].ljust(names + 2)), Part(cells[1].ljust(each + 2), "old"), Part(cells[2], "new")]
            )
    node = first_differing(before, after)
    told = (
        [Part("first node that differs: ", "muted"), Part(node, "strong")]
        if node
        else [Part("nothing differs", "muted")]
    )
    return [*lines, told]


def metadata(result: Result, width: int) -> list[list[Part]]:
    """All that it was made with: the graph's inputs, then each node's parameters."""
    from ..graph.words import short

    graph = result.drawn
    lines = [[Part("inputs", "strong")]] if graph.inputs else []
    lines += [
        [Part(f"  {name} ", "muted"), Part(short(value, max(width - len(name) - 3, 4)))]
        for name, value in graph.inputs.items()
    ]
    for item in graph.items.values():
        lines.append([Part(item.name, "strong"), Part(f" {item.use}", "muted")])
        for port, value in item.values.items():
            lines.append([Part(f"  {port} ", "muted"), Part(short(value, max(width - len(port) - 3, 4)))])
    return lines


def _wrapped(text: str, width: int, kind: str) -> list[list[Part]]:
    return [[Part(line, kind)] for line in textwrap.wrap(text, max(width, 8))]
