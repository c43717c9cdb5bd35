"""How soon a key is seen, on a real terminal: idle, and while a run floods the interface with events."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from .probe import fake, written
from .terminal import Terminal

pytestmark = pytest.mark.slow
_KEYS = 60
_CURSOR = "▌"
_MEDIAN, _LAST = 0.15, 0.6
"""Loose, for machines that are busy; the figures that count are printed."""


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """The interface, with a worker that tells 2,000 events a second for six seconds."""
    environment = {name: os.environ[name] for name in ("NOISEGRAPH_STATE", "NOISEGRAPH_CONFIG", "NOISEGRAPH_CACHE")}
    worker = " ".join(fake("--flood", "12000"))
    terminal = Terminal(["tui", str(written(tmp_path)), "--worker", worker], environment)
    terminal.until(b"3 run, 0 cached")
    terminal.quiet()
    yield terminal
    with contextlib.suppress(ProcessLookupError):
        os.kill(terminal.pid, 9)


def latencies(terminal: Terminal) -> list[float]:
    """Of keys that move the cursor to and fro, sorted."""
    return sorted(terminal.latency(b"jk"[turn % 2 : turn % 2 + 1], _CURSOR) for turn in range(_KEYS))


def test_a_key_is_seen_at_once_while_nothing_runs(terminal: Terminal) -> None:
    seen = latencies(terminal)
    print(f"idle: median {seen[_KEYS // 2] * 1000:.0f} ms, p99 {seen[-1] * 1000:.0f} ms")
    assert seen[_KEYS // 2] < _MEDIAN
    assert seen[-1] < _LAST


def test_a_key_is_seen_at_once_while_events_pour_in(terminal: Terminal) -> None:
    terminal.press(b"r")
    terminal.until("▶".encode())
    before = terminal.cpu()
    seen = latencies(terminal)
    print(f"running: median {seen[_KEYS // 2] * 1000:.0f} ms, p99 {seen[-1] * 1000:.0f} ms")
    print(f"{terminal.cpu() - before:.2f} s of CPU")
    assert seen[_KEYS // 2] < _MEDIAN
    assert seen[-1] < _LAST


def test_ctrl_q_leaves_and_the_terminal_is_as_it_was(terminal: Terminal) -> None:
    terminal.press(b"\x11")
    assert terminal.end() == 0
    left = terminal.drawn[-600:]
    assert b"\x1b[?1049l" in left  # the screen that was there before
    assert b"\x1b[?25h" in left  # the cursor
    assert b"\x1b[?1000l" in left  # the mouse


def test_after_kill_9_the_draft_and_the_queue_are_there_again(tmp_path: Path) -> None:
    environment = {name: os.environ[name] for name in ("NOISEGRAPH_STATE", "NOISEGRAPH_CONFIG", "NOISEGRAPH_CACHE")}
    command = ["tui", str(written(tmp_path)), "--worker", " ".join(fake("--seconds", "5"))]
    first = Terminal(command, environment)
    first.until(b"3 run, 0 cached")
    first.press(b"dd")
    first.until(b"1 run" if b"1 run" in first.drawn else b"run, ")
    first.press(b"rrr")
    first.until(b"Queue 2")
    first.quiet(1.0)
    os.kill(first.pid, 9)
    first.end()
    again = Terminal([command[0], *command[2:]], environment)
    again.until(b"what was not saved is back")
    again.until(b"Queue 2")
    again.quiet()
    os.kill(again.pid, 9)
    again.end()
    assert "lamp \u25cf".encode() in again.drawn
