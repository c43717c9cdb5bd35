"""What the terminal itself is told: its title, the progress of its task, a notice at the end of a long run."""

from __future__ import annotations

import re

from ..state.run import Run
from ..state.store import Store

SAVE_TITLE, RESTORE_TITLE = "\x1b[22;0t", "\x1b[23;0t"
_LONG = 10.0
"""Seconds after which the end of a run is worth a notice."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f;]")


def title(store: Store) -> str:
    """The window's title: `12/20 lamp` while a run is on, else the graph's name."""
    told = store.document.path.stem
    if store.busy and store.run is not None:
        steps = _steps(store.run)
        told = f"{steps} {told}" if steps else f"▶ {told}"
    return f"\x1b]0;{_CONTROL.sub('', told)} · noisegraph\x07"


def progress(store: Store) -> str:
    """How far the run is, for terminals that show it on their task bar."""
    run = store.run
    if run is None or run.ended:
        return "\x1b]9;4;0;0\x07"
    state = run.nodes.get(run.current)
    part = state.step / state.of if state is not None and state.of else 0.0
    done = (run.ran + part) / max(run.to_run, 1)
    return f"\x1b]9;4;{4 if store.paused else 1};{min(round(100 * done), 100)}\x07"


def notice(run: Run) -> str:
    """A notice of the terminal's desktop that a run is over, and a bell; nothing after a short one."""
    if run.seconds < _LONG:
        return ""
    text = _CONTROL.sub("", f"{run.graph} #{run.id}: {run.status}")
    return f"\x1b]9;{text}\x07\x1b]777;notify;noisegraph;{text}\x07\x07"


def _steps(run: Run) -> str:
    state = run.nodes.get(run.current)
    return f"{state.step}/{state.of}" if state is not None and state.of else ""
