"""A node that failed, as the worker told it: what, with which inputs, in which line of which file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ..link.lines import Message
from ..state.run import Run

_FRAME = re.compile(r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+)(?:, in (?P<name>.+))?$')


class Frame(NamedTuple):
    """A line of a traceback."""

    file: str
    line: int
    name: str
    code: str


@dataclass(frozen=True)
class Failure:
    """`traceback` has the frames of the node's own code, `full_traceback` all."""

    run: str
    node: str
    use: str = ""
    kind: str = ""
    message: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    traceback: str = field(default="", repr=False)
    full_traceback: str = field(default="", repr=False)

    @property
    def frames(self) -> list[Frame]:
        """The frames of the node's own code, the innermost last."""
        return frames(self.traceback)

    @property
    def folded(self) -> int:
        """How many frames are not the node's own."""
        return max(len(frames(self.full_traceback)) - len(self.frames), 0)

    @property
    def report(self) -> str:
        """All of it as text, to be sent to whoever can mend it."""
        told = [f"{self.node} ({self.use}) failed in run #{self.run}: {self.message}"]
        told += [f"  {name}: {value}" for name, value in self.inputs.items()]
        return "\n".join([*told, self.full_traceback or self.traceback]).rstrip() + "\n"


def failure_of(run: Run) -> Failure | None:
    """The first node of a run that failed by itself; None where none did."""
    for message in run.errors:
        if message.get("node"):
            return _failure(run.id, message)
    return None


def _failure(run: str, message: Message) -> Failure:
    def text(key: str) -> str:
        return str(message.get(key) or "")

    inputs = message.get("inputs")
    told = {str(name): str(value) for name, value in inputs.items()} if isinstance(inputs, dict) else {}
    return Failure(
        run, text("node"), text("use"), text("kind"), text("message"), told, text("traceback"), text("full_traceback")
    )


def frames(traceback: str) -> list[Frame]:
    """The frames of a traceback as Python prints it."""
    lines = traceback.splitlines()
    found = []
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        told = _FRAME.match(line)
        if told:
            code = "" if _FRAME.match(below) else below.strip()
            found.append(Frame(told["file"], int(told["line"]), told["name"] or "", code))
    return found
