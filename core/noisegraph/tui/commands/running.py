"""Running: now, next or last; pausing, stepping, stopping; the queue as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .command import Command

if TYPE_CHECKING:
    from ..app import NoisegraphApp

_LONG = 60.0
"""Seconds after which a run is not to be lost by one key."""


def _run(app: NoisegraphApp) -> None:
    for _ in range(app.count()):
        app.enqueue()


def _front(app: NoisegraphApp) -> None:
    for _ in range(app.count()):
        app.enqueue(front=True)


def _cancel(app: NoisegraphApp) -> None:
    run, now = app.store.run, app.store.clock()
    old = run is not None and run.began is not None and now - run.began > _LONG
    if old and not app.confirmed("cancel"):
        app.notify("That run is more than a minute old: once more within 3 s stops it.", severity="warning")
        return
    app.cancel()


def _pause(app: NoisegraphApp) -> None:
    app.pause()


def _step(app: NoisegraphApp) -> None:
    app.tell_worker(command="step")


def _clear(app: NoisegraphApp) -> None:
    app.clear_queue()


def _automatic(app: NoisegraphApp) -> None:
    app.store.automatic = not app.store.automatic
    app.notify("Every edit runs the graph." if app.store.automatic else "Edits run nothing.")
    app.show_store()


def _restart(app: NoisegraphApp) -> None:
    app.restart_worker()


def _nothing_runs(app: NoisegraphApp) -> str:
    return "" if app.store.busy else "nothing runs"


def _nothing_waits(app: NoisegraphApp) -> str:
    return "" if app.store.queue.entries else "the queue is empty"


def _problems(app: NoisegraphApp) -> str:
    problems = app.store.plan.problems
    return f"the graph has {len(problems)} problem{'s' * (len(problems) > 1)}; ! goes to the next" if problems else ""


COMMANDS = (
    Command("run.start", "r,f5,ctrl+j", "Run", "Run the graph as it is now after what is queued; 8r runs it 8 times.",
            _run, _problems, shown=True),
    Command("run.front", "R,f6", "Front", "Run the graph as it is now before what is queued.", _front, _problems),
    Command("run.cancel", "x,f7", "Cancel", "Stop the run after the step it is in; what is done is kept.",
            _cancel, _nothing_runs, shown=True),
    Command("run.pause", "P,f8", "Pause", "Hold the run before its next step, or let it go on.", _pause, _nothing_runs,
            shown=True),
    Command("run.step", "S", "Step", "Let a paused run do one step.", _step, _nothing_runs),
    Command("run.automatic", "A", "Auto", "Run the graph after every edit, or stop doing so.", _automatic),
    Command("queue.clear", "ctrl+delete", "Clear", "Take everything out of the queue.", _clear, _nothing_waits),
    Command("worker.restart", "f9", "Restart", "End the worker at once, start another, keep the queue.", _restart),
)  # fmt: skip
