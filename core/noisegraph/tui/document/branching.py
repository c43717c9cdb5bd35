"""A run that goes on otherwise from a step on: the loop's denoiser is switched there to a copy that can be changed."""

from __future__ import annotations

from collections.abc import Container
from typing import Any, NamedTuple

from ..outline import Item, Outline, Wire
from .document import Document
from .edits import add, set_input, set_value, write
from .references import literal

SWITCH = "guide.switch"


class Branch(NamedTuple):
    """The graph with the switch in it, and the node to change: what denoises from that step on."""

    document: Document
    changed: str


def branched(document: Document, loop: str, step: int, of: int) -> Branch:
    """Switch after `step` of `of` steps; a switch that is there already is moved. Raises ValueError where none can be.

    The steps before are the same as they were, so that those that are stored need not be done again.
    """
    graph = document.outline
    item = graph.items.get(loop)
    denoiser, levels = (_wire(item, port) for port in ("denoiser", "levels"))
    if denoiser is None or levels is None or denoiser.source not in graph.items:
        raise ValueError(f"{loop} reads no denoiser and no levels: it cannot be changed on the way")
    if not 0 < step < of:
        raise ValueError(f"there is nothing between step {step} and the end")
    share = round(step / of, 4)
    if graph.items[denoiser.source].use == SWITCH:
        return _moved(document, graph.items[denoiser.source], share)
    copy = _free(f"{denoiser.source}_after", graph.items)
    switch = _free(f"{denoiser.source}_switch", graph.items)
    ports = _of_its_own(document, denoiser.source)
    made = add(document, copy, ports.pop("use"), ports, behind=denoiser.source)
    wires = {"before": _told(denoiser), "after": _told(denoiser._replace(source=copy)), "levels": _told(levels)}
    made = add(made, switch, SWITCH, {**wires, "at": share}, behind=copy)
    made = write(made, loop, "denoiser", f"${switch}")
    return Branch(document.changed(made.text, f"go on otherwise from step {step}"), copy)


def _of_its_own(document: Document, node: str) -> dict[str, Any]:
    """What is written into a node, inputs of the graph as their values: to change one of the copy changes no other."""
    inputs = document.outline.inputs
    ports = dict(document.data["nodes"][node])
    for port, held in ports.items():
        name = held[1:] if isinstance(held, str) and held.startswith("$") else ""
        if inputs.get(name) is not None and name not in document.outline.items:
            ports[port] = literal(inputs[name])
    return ports


def _moved(document: Document, switch: Item, share: float) -> Branch:
    at, after = _wire(switch, "at"), _wire(switch, "after")
    if at is None:
        made = set_value(document, switch.name, "at", share)
    elif _is_input(document.outline, at):
        made = set_input(document, at.source, share)
    else:
        raise ValueError(f"where {switch.name} switches is worked out by {at.source}")
    label = f"switch {switch.name} at {share}"
    return Branch(document.changed(made.text, label), after.source if after is not None else switch.name)


def _is_input(graph: Outline, wire: Wire) -> bool:
    return wire.source not in graph.items and not wire.field


def _wire(item: Item | None, port: str) -> Wire | None:
    return next((wire for wire in item.wires if wire.port == port), None) if item is not None else None


def _told(wire: Wire) -> str:
    return f"${wire.source}.{wire.field}" if wire.field else f"${wire.source}"


def _free(name: str, taken: Container[str]) -> str:
    number = 2
    found = name
    while found in taken:
        found, number = f"{name}_{number}", number + 1
    return found
