"""The pictures that a run made, small, for those who cannot read its files."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterator, Sequence
from itertools import chain, islice, repeat
from typing import Any

from ..plan import Plan
from ..run import Result
from ..writing.formats import pictures_of
from ..writing.outputs import Written
from ..writing.picture import thumbnail
from .protocol import Message

MOST = 256
"""Of a sweep of thousands, only so many are told."""


def pictures(plan: Plan, results: Sequence[Result], made: Written, size: int) -> Iterator[Message]:
    """Each picture with its point, its output and its file, its longer side `size` pixels; none for a size of 0."""
    if size > 0:
        yield from islice(_all(plan, results, made, size), MOST)


def _all(plan: Plan, results: Sequence[Result], made: Written, size: int) -> Iterator[Message]:
    for number, (result, files) in enumerate(zip(results, made.points, strict=True)):
        for output, value in result.outputs.items():
            kind: Any = plan.checked.output_types.get(output, Any)
            with contextlib.suppress(ValueError):  # no batch of pictures: the writer has told so
                names = chain(files.get(output, ()), repeat(""))
                for picture, file in zip(pictures_of(value, kind) or (), names, strict=False):
                    width, height, rgb = thumbnail(picture, size)
                    yield {
                        "point": number,
                        "output": output,
                        "file": file,
                        "w": width,
                        "h": height,
                        "rgb": base64.b64encode(rgb).decode(),
                    }
