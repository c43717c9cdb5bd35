"""A run told on a terminal: a bar for the nodes and one for each loop, with rate and time left."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TaskID
from rich.table import Column
from rich.text import Text

from ..events import (
    Event,
    NodeFailed,
    NodeFinished,
    NodeStarted,
    NodeStepped,
    RunFinished,
    RunStarted,
)
from ..quantities import duration
from ..serving.protocol import Rate
from .narration import A_WHILE, Quiet, finished, started
from .text import printable


class Bars(Quiet):
    """Bars while the run is on; faults and what took long scroll above them."""

    def __init__(self, all_frames: bool, origin: Callable[[str], str]) -> None:
        super().__init__(all_frames, origin)
        self._console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
        self._progress = Progress(
            _Name(), BarColumn(bar_width=24), MofNCompleteColumn(table_column=_whole()), _Pace(table_column=_whole()),
            console=self._console, transient=True,
        )  # fmt: skip
        self._nodes: TaskID | None = None
        self._loops: dict[str, tuple[TaskID, Rate]] = {}
        self._running: dict[str, Rate] = {}

    def tell(self, event: Event) -> None:
        """Move the bars."""
        super().tell(event)
        match event:
            case RunStarted():
                self.note(started(event))
                self._nodes = self._progress.add_task("nodes", total=event.to_run)
            case NodeStarted():
                self._running[event.node] = Rate()
                self._describe(event.node)
            case NodeStepped():
                self._stepped(event)
            case NodeFinished():
                self._ended(event.node)
                if event.seconds >= A_WHILE:
                    self.note(f"{event.node}: {duration(event.seconds)}")
            case NodeFailed():
                self._ended(event.node)
            case RunFinished():
                self.note(finished(event))
            case _:
                pass

    def note(self, text: str) -> None:
        """A line above the bars."""
        self.write(printable(text))

    def write(self, text: str) -> None:
        """A text above the bars."""
        self._console.print(Text.from_ansi(text))

    def _describe(self, node: str) -> None:
        if self._nodes is not None:
            self._progress.update(self._nodes, description=printable(node)[:40])

    def _stepped(self, event: NodeStepped) -> None:
        if event.node not in self._loops:
            bar = self._progress.add_task(printable(event.node)[:40], total=event.of)
            self._loops[event.node] = (bar, self._running.get(event.node) or Rate())
            self._describe("nodes")  # the node's name stands at its own bar now
        bar, rate = self._loops[event.node]
        rate.add(event)
        self._progress.update(bar, completed=event.step, speed=rate.per_second, left=rate.left(event))

    def _ended(self, node: str) -> None:
        self._running.pop(node, None)
        if node in self._loops:
            self._progress.remove_task(self._loops.pop(node)[0])
        if self._nodes is not None:
            self._progress.advance(self._nodes)

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Take the bars away."""
        self._progress.stop()


def _whole() -> Column:
    """A column that keeps its width on a narrow terminal."""
    return Column(no_wrap=True)


class _Name(ProgressColumn):
    """What a bar is of, cut off where the terminal is narrow."""

    def render(self, task: Task) -> Text:
        """The name on one line."""
        return Text(task.description, no_wrap=True, overflow="ellipsis")


class _Pace(ProgressColumn):
    """Rate and time left of a loop."""

    def render(self, task: Task) -> Text:
        """`3.1 steps/s, 12 s left`."""
        speed, left = task.fields.get("speed"), task.fields.get("left")
        told = "" if speed is None or left is None else f"{speed:.3g} steps/s, {duration(left)} left"
        return Text(told)
