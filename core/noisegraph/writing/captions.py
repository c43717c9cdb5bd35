"""What plugins say in PNGs for other programs: asked of each picture, with the calls that led to it."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from ..extensions import Call, Caption, Making
from ..foreign import called, reason
from ..plan import Plan
from ..task import Task
from .picture import KEYWORD

_KEYWORD = re.compile(r"[!-~\xa1-\xff]+( [!-~\xa1-\xff]+)*")
"""What PNG takes for a keyword, in at most 79 letters: printable ones of Latin-1, and single spaces between."""


def calls(plan: Plan, numbers: Sequence[int]) -> tuple[Call, ...]:
    """The tasks of these numbers, which are all that the last one depends on, in the order of running."""
    places = {number: place for place, number in enumerate(numbers)}
    return tuple(_call(plan.tasks[number], places) for number in numbers)


def _call(task: Task, places: Mapping[int, int]) -> Call:
    reads: dict[str, Sequence[int]] = {port: (places[read.task],) for port, read in task.reads}
    reads |= {port: tuple(places[read.task] for read in several) for port, several in task.lists}
    defaults: dict[str, Any] = {port.name: port.default for port in task.spec.params if not port.required}
    return Call(task.spec.full_name, {**defaults, **task.literals}, reads)


def texts(makers: Sequence[Caption], making: Making, told: set[str]) -> dict[str, str]:
    """Keyword -> text, of those that have something to say.

    A picture does without one that fails; that is told, unless it is among what was `told` before.
    """
    found = {}
    for maker in makers:
        whose = f"the caption '{maker.keyword}'"
        try:
            text = called(whose, partial(_text, maker, making))
        except Exception as error:
            warning = f"{whose} is left out: {reason(error)}"
            if warning not in told:
                told.add(warning)
                logging.getLogger(__name__).warning("%s", warning)
            continue
        if text is not None:
            found[maker.keyword] = text
    return found


def _text(maker: Caption, making: Making) -> str | None:
    """What a maker says; raises TypeError or ValueError where no PNG can hold it."""
    if not _KEYWORD.fullmatch(maker.keyword) or len(maker.keyword) > 79 or maker.keyword == KEYWORD:
        raise ValueError("no picture can have a text under this keyword; take 1 to 79 letters of Latin-1")
    text = maker.text(making)
    if not isinstance(text, str | None):
        raise TypeError(f"it is a {type(text).__name__}, no text")
    if text is not None and "\0" in text:
        raise ValueError("it holds a NUL, which would end it")
    return text.encode("utf-8", "backslashreplace").decode() if text is not None else None
