"""A whole session in tmux, with the real worker and the model of digits, as somebody types it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from noisegraph.graph import library

pytestmark = [pytest.mark.slow, pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux")]
PROMPT = "ready$ "


class Tmux:
    """A window of tmux, on a server of its own."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._socket = str(folder / "socket")
        shell = ["env", *(f"{name}={value}" for name, value in environment.items()), f"PS1={PROMPT}", "bash", "--norc"]
        self._do("-f", "/dev/null", "new-session", "-d", "-x", "120", "-y", "40", "-c", str(folder), *shell)
        self.until(re.escape(PROMPT.strip()))

    def _do(self, *arguments: str) -> str:
        command = ["tmux", "-S", self._socket, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def press(self, *keys: str) -> None:
        """Type keys, as tmux names them."""
        for key in keys:
            self._do("send-keys", key)
            time.sleep(0.1)

    def write(self, text: str) -> None:
        """Type a text."""
        self._do("send-keys", "-l", text)

    @property
    def screen(self) -> str:
        """What stands there."""
        return self._do("capture-pane", "-p")

    def until(self, wanted: str, seconds: float = 120) -> str:
        """Wait for a pattern; the screen that has it."""
        end = time.monotonic() + seconds
        while not re.search(wanted, screen := self.screen):
            assert time.monotonic() < end, f"never seen: {wanted}\n{screen}"
            time.sleep(0.1)
        return screen

    def close(self) -> None:
        """End the server, and all that runs in it."""
        subprocess.run(["tmux", "-S", self._socket, "kill-server"], check=False, capture_output=True)


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    """A shell in a window."""
    names = ("NOISEGRAPH_STATE", "NOISEGRAPH_CONFIG", "NOISEGRAPH_CACHE", "PATH", "HOME")
    window = Tmux(tmp_path, {**{name: os.environ[name] for name in names}, "OMP_NUM_THREADS": "1"})
    yield window
    window.close()


def picture(screen: str) -> list[str]:
    """The rows of the preview."""
    return [line[70:] for line in screen.splitlines()[2:12]]


def test_a_session_from_opening_to_quitting(tmux: Tmux, tmp_path: Path) -> None:
    graph = json.loads(library()["digit"].read_text())
    graph["inputs"]["steps"] = 120
    graph["nodes"]["levels"]["spacing"] = "leading"
    (tmp_path / "mine.json").write_text(json.dumps(graph, indent=2))
    before = tmux.screen
    tmux.write(f"{sys.executable} -m noisegraph tui mine.json")
    tmux.press("Enter")
    tmux.until(r"Graph · 12 nodes")
    tmux.press("e")
    tmux.until("take · tab next")
    tmux.press("BSpace", "3", "Enter", "Escape")
    tmux.until("mine ●")
    tmux.until("12 run, 0 cached")
    tmux.press("r")
    tmux.until(r"step \d+/120")
    early = picture(tmux.screen)
    tmux.press("x")
    tmux.until("#0001 cancelled")
    tmux.until(r"\d+ run, \d+ cached")
    tmux.press("r")
    done = tmux.until("#0002 done")
    assert picture(done) != early
    tmux.until("0 run, 12 cached")
    tmux.press("e")
    tmux.until("take · tab next")
    tmux.press("BSpace", "5", "Enter", "Escape", "r")
    tmux.until("#0003 done")
    tmux.press("4")
    tmux.until(r"Δ to|2 results")
    tmux.press("c", "k", "c")
    tmux.until("digit")
    tmux.press("Escape")
    time.sleep(0.5)  # at once, escape and a digit are alt and the digit
    tmux.press("1")
    tmux.until("v View")
    tmux.press("C-s")
    tmux.until("noisegraph  mine  #")  # without the mark of what is not saved
    assert '"digit": 5' in (tmp_path / "mine.json").read_text()
    tmux.press("C-q")
    after = tmux.until(r"tui mine\.json\s+" + re.escape(PROMPT.strip()))
    assert before.strip().splitlines()[0] in after
    assert "Graph" not in after
