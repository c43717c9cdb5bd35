"""What plugins say in PNGs for other programs: asked of each picture, with the calls that led to it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import said
from ..extensions import Call, Caption, Making
from ..plan import Plan
from ..task import Task


def calls(plan: Plan, numbers: Sequence[int]) -> tuple[Call, ...]:
    """The tasks of these numbers, which are all that the last one depends on, in the order of running."""
    places = {number: place for place, number in enumerate(numbers)}
    return tuple(_call(plan.tasks[number], places) for number in numbers)


def _call(task: Task, places: Mapping[int, int]) -> Call:
    reads: dict[str, Sequence[int]] = {port: (places[read.task],) for port, read in task.reads}
    reads |= {port: tuple(places[read.task] for read in several) for port, several in task.lists}
    defaults: dict[str, Any] = {port.name: port.default for port in task.spec.params if not port.required}
    return Call(task.spec.full_name, {**defaults, **task.literals}, reads)


def captions(makers: Sequence[Caption], making: Making) -> dict[str, str]:
    """Keyword -> text, of those that have something to say; one that fails is told, and the picture does without it."""
    found = {}
    for maker in makers:
        try:
            text = maker.text(making)
            if not isinstance(text, str | None):
                raise TypeError(f"it is a {type(text).__name__}, no text")
        except Exception as error:
            told = "the caption '%s' is left out: %s: %s"
            logging.getLogger(__name__).warning(told, maker.keyword, type(error).__name__, said(error))
            continue
        if text is not None:
            found[maker.keyword] = text
    return found
