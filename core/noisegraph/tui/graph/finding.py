"""Nodes found by what one types: a part of the name, its type or its parameters, or letters in their order."""

from __future__ import annotations

from collections.abc import Iterable

from ..outline import Item, Outline
from .words import summary


def find(outline: Outline, text: str) -> frozenset[str]:
    """The nodes that fit; those whose name holds the text, else any part of them, else letters of their name."""
    wanted = text.casefold()
    if not wanted:
        return frozenset()
    named = [name for name in outline.items if wanted in name.casefold()]
    if not named:
        named = [name for name, item in outline.items.items() if wanted in _whole(outline, item)]
    return frozenset(named or (name for name in outline.items if in_order(wanted, name.casefold())))


def in_order(wanted: Iterable[str], text: str) -> bool:
    """Whether the letters stand in the text in this order."""
    left = iter(text)
    return all(letter in left for letter in wanted)


def _whole(outline: Outline, item: Item) -> str:
    return f"{item.use} {item.about} {summary(outline, item)}".casefold()
