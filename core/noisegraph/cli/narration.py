"""A run told on stderr as it happens: bars on a terminal, plain lines elsewhere, nothing but faults when quiet."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Protocol

from ..events import (
    Event,
    NodeFailed,
    NodeFinished,
    NodeStarted,
    NodeStepped,
    RunFinished,
    RunStarted,
    Warned,
)
from ..quantities import duration
from ..serving.protocol import Rate
from .text import coloured, printable, say

A_WHILE = 0.1
"""Only nodes that took this long, in seconds, are named."""
_EVERY = 5.0
"""Plain lines tell of a loop's steps this often, in seconds."""


class Narration(Protocol):
    """What tells a run; a context that ends with the run."""

    def tell(self, event: Event) -> None:
        """Tell an event."""

    def note(self, text: str) -> None:
        """Tell something beside the events."""

    def __enter__(self) -> Narration: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None: ...


class Quiet:
    """Tells what went wrong, nothing else."""

    def __init__(self, all_frames: bool, origin: Callable[[str], str]) -> None:
        self._all_frames = all_frames
        self._origin = origin

    def tell(self, event: Event) -> None:
        """Tell of failures and warnings."""
        if isinstance(event, NodeFailed):
            self.write(self.failure(event))
        elif isinstance(event, Warned):
            self.write(f"{coloured('warning:', 'yellow')} {printable(str(event.problem))}")

    def note(self, text: str) -> None:
        """Nothing."""

    def write(self, text: str) -> None:
        """A text for people."""
        print(text, file=sys.stderr, flush=True)

    def failure(self, event: NodeFailed) -> str:
        """The node, its plugin, its inputs, what went wrong and where."""
        if event.kind == "blocked":
            return printable(f"{event.node}: {event.message}")
        node = f"{event.node} ({event.use} of {self._origin(event.use)})"
        lines = [f"{coloured('error:', 'red')} {printable(f'{node} failed: {event.message}')}"]
        lines += [f"  {printable(f'{name}: {told}')}" for name, told in event.inputs.items()]
        frames = event.full_traceback if self._all_frames else event.traceback
        lines += [f"  {line}" for line in printable(frames).splitlines()]
        if frames != event.full_traceback:
            lines.append("  (--traceback shows all frames)")
        return "\n".join(lines)

    def __enter__(self) -> Quiet:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Nothing to put away."""


class Plain(Quiet):
    """Tells a run line by line."""

    def __init__(self, all_frames: bool, origin: Callable[[str], str]) -> None:
        super().__init__(all_frames, origin)
        self._rates: dict[str, Rate] = {}
        self._told = time.perf_counter()

    def tell(self, event: Event) -> None:
        """A line for what people want to know."""
        super().tell(event)
        match event:
            case RunStarted():
                say(started(event))
            case NodeStarted():
                self._rates[event.node] = Rate()
            case NodeStepped():
                self._stepped(event)
            case NodeFinished() if event.seconds >= A_WHILE:
                say(f"{event.node}: {duration(event.seconds)}")
            case RunFinished():
                say(finished(event))
            case _:
                pass

    def note(self, text: str) -> None:
        """A line."""
        say(text)

    def _stepped(self, event: NodeStepped) -> None:
        rate = self._rates.setdefault(event.node, Rate())
        rate.add(event)
        if event.cached:
            say(f"{event.node}: goes on after step {event.step} of {event.of}")
        elif time.perf_counter() - self._told >= _EVERY:
            self._told = time.perf_counter()
            say(f"{event.node}: step {event.step} of {event.of}{pace(rate, event)}")


def pace(rate: Rate, event: NodeStepped) -> str:
    """`, 3.1 steps a second, 12 s left`, as far as it is known."""
    speed, left = rate.per_second, rate.left(event)
    return "" if speed is None or left is None else f", {speed:.3g} steps a second, {duration(left)} left"


def started(event: RunStarted) -> str:
    """The first line of a run."""
    return f"{event.to_run} of {event.tasks} nodes to run" if event.to_run else "everything is cached"


def finished(event: RunFinished) -> str:
    """The last line of a run."""
    return f"{'done' if not event.failed else f'{event.failed} failed or not run'} in {duration(event.seconds)}"
