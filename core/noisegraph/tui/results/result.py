"""One picture that a run made, or a run that made none, with all that is needed to go back to it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property
from typing import Any

from ..link.lines import Message
from ..outline import Outline, outline
from ..picture.blocks import Pixels, shrunk
from ..state.run import Run, shot

_THUMB = 32
"""Thumbnails have at least so many pixels on the longer side, where the picture has; at most twice as many."""


@dataclass(frozen=True)
class Result:
    """`number` counts up over all runs; `graph` is the text that was run."""

    number: int
    time: float
    """When the run ended, in seconds since 1970."""
    run: str
    name: str
    status: str
    seconds: float = 0.0
    graph: str = field(default="", repr=False)
    folder: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    """What the graph's inputs were given in place of what stands in the graph."""
    point: int = 0
    output: str = ""
    file: str = ""
    message: str = ""
    """What went wrong, in a line."""
    width: int = 0
    height: int = 0
    rgb: str = field(default="", repr=False)
    """The thumbnail in base64."""
    starred: bool = False
    trashed: bool = False

    @cached_property
    def picture(self) -> Pixels | None:
        """The thumbnail."""
        data = base64.b64decode(self.rgb) if self.rgb else b""
        return Pixels(self.width, self.height, data) if data and len(data) == 3 * self.width * self.height else None

    @cached_property
    def drawn(self) -> Outline:
        """The graph's outline, with the inputs that it was given."""
        try:
            found = outline(json.loads(self.graph))
        except ValueError:
            return Outline()
        return Outline(found.about, {**found.inputs, **self.inputs}, found.items, found.outputs)

    @property
    def seed(self) -> Any:
        """The seed, where the graph has one input of that name; else None."""
        return self.drawn.inputs.get("seed")

    def told(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def result_of(told: Mapping[str, Any]) -> Result:
    """The result that was told as plain data, by this version or by another; raises ValueError or TypeError."""
    known = {one.name: told[one.name] for one in fields(Result) if one.name in told}
    found = Result(**known)
    if not isinstance(found.number, int) or not isinstance(found.graph, str) or not isinstance(found.inputs, dict):
        raise ValueError("no result")
    return found


def results_of(run: Run, command: Message, pictures: Sequence[Message], first: int, now: float) -> Iterator[Result]:
    """What a run that has ended made, numbered from `first`: each picture, or the run itself where there is none."""
    text = command.get("graph")
    graph = text if isinstance(text, str) else json.dumps(text) if isinstance(text, dict) else ""
    asked = command.get("inputs")
    given = dict(asked) if isinstance(asked, dict) else {}
    message = "".join(str(run.errors[-1].get("message", "")).strip().splitlines()[:1]) if run.errors else ""
    whole = Result(
        first, now, run.id, str(command.get("name", run.graph)), run.status, run.seconds, graph,
        str(command.get("folder", "")), given, message=message,
    )  # fmt: skip
    made = [one for one in (_of_picture(whole, run, message) for message in pictures) if one is not None]
    for index, one in enumerate(made or [_of_data(whole, run)]):
        yield replace(one, number=first + index)


def _of_picture(whole: Result, run: Run, message: Message) -> Result | None:
    told = shot(message)
    if told is None:
        return None
    small = shrunk(Pixels(told.width, told.height, told.rgb), _THUMB, _THUMB)
    point = message.get("point", 0)
    given = run.points[point].get("given") if isinstance(point, int) and point < len(run.points) else None
    return replace(
        whole, point=point, output=str(message.get("output", "")), file=told.file, width=small.width,
        height=small.height, rgb=base64.b64encode(small.rgb).decode(),
        inputs={**whole.inputs, **(given if isinstance(given, dict) else {})},
    )  # fmt: skip


def _of_data(whole: Result, run: Run) -> Result:
    """A run without pictures; with the first file that it wrote."""
    written = (
        (output, file)
        for point in run.points
        for output, files in dict(point.get("files") or {}).items()
        for file in files
    )
    output, file = next(written, ("", ""))
    return replace(whole, output=output, file=file)
