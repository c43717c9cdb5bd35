"""Which of many things are meant by a few letters: whole words first, then letters in their order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Choice(NamedTuple, Generic[T]):
    """One thing to choose: what it is called, what is said beside it, and at length."""

    label: str
    value: T
    detail: str = ""
    about: str = ""


def matching(choices: Sequence[Choice[T]], text: str) -> list[Choice[T]]:
    """The choices that fit, the best first: the label begins with it, holds it, the rest does, letters are in order."""
    words = text.casefold().split()
    if not words:
        return list(choices)
    ranked = [(rank, index) for index, one in enumerate(choices) if (rank := _rank(one, words)) is not None]
    return [choices[index] for _, index in sorted(ranked)]


def _rank(choice: Choice[T], words: Sequence[str]) -> int | None:
    label = choice.label.casefold()
    if all(word in label for word in words):
        begins = label.startswith(words[0]) or f".{words[0]}" in label
        return 0 if label == words[0] else 1 if begins else 2
    whole = f"{label} {choice.detail.casefold()}"
    if all(word in whole for word in words):
        return 3
    return 4 if len(words) == 1 and _in_order(words[0], label) else None


def _in_order(wanted: str, text: str) -> bool:
    left = iter(text)
    return all(letter in left for letter in wanted)
