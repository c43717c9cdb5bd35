"""What the interface may import, and when; and how much CPU its first frame takes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .probe import fake, written

HEAVY = {"torch", "numpy", "networkx", "PIL", "pydantic", "textual_image", "pluggy", "safetensors", "matplotlib"}
_UNTIL_FIRST_FRAME = """
import os, sys, time
import noisegraph.cli.main as cli, noisegraph.cli.tui
from noisegraph.tui.app import NoisegraphApp
def framed(app):
    with open(sys.argv[1], "w") as file:
        print(time.process_time(), *sorted({name.partition(".")[0] for name in sys.modules}), file=file)
    os._exit(0)
NoisegraphApp._begin = framed
cli.code(["tui", *sys.argv[2:]])
"""
_MINIMAL = """
import os, sys, time
from textual.app import App
from textual.widgets import Static
class Minimal(App):
    def compose(self):
        yield Static("hello")
    def on_mount(self):
        self.call_after_refresh(self.framed)
    def framed(self):
        with open(sys.argv[1], "w") as file:
            print(time.process_time(), file=file)
        os._exit(0)
Minimal().run()
"""


def in_a_terminal(code: str, *arguments: str) -> None:
    """Run the code on a terminal of its own, 120 columns wide, and throw away what it draws."""
    import fcntl
    import pty
    import struct
    import termios

    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", COLUMNS="120", LINES="40")
        os.execv(sys.executable, [sys.executable, "-c", code, *arguments])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    try:
        while os.read(terminal, 65536):
            pass
    except OSError:  # it has ended
        pass
    os.close(terminal)
    os.waitpid(pid, 0)


@pytest.fixture
def graph(tmp_path: Path) -> str:
    """A graph in a file."""
    return str(written(tmp_path))


def first_frame(folder: Path, graph: str) -> tuple[float, set[str]]:
    """The CPU seconds up to the first frame, and the packages that were imported for it."""
    told = folder / "told"
    worker = " ".join(fake("--deaf"))
    in_a_terminal(_UNTIL_FIRST_FRAME, str(told), graph, "--worker", worker)
    seconds, *names = told.read_text().split()
    return float(seconds), set(names)


def test_nothing_heavy_is_imported_before_the_first_frame(tmp_path: Path, graph: str) -> None:
    _, imported = first_frame(tmp_path, graph)
    assert imported & HEAVY == set()
    assert "textual" in imported


@pytest.mark.slow
def test_the_first_frame_takes_little_more_cpu_than_that_of_the_smallest_program(tmp_path: Path, graph: str) -> None:
    seconds: list[float] = []
    smallest: list[float] = []
    while not seconds or min(seconds) > max(0.25, 2 * min(smallest)):  # what hinders a machine only ever adds
        assert len(seconds) < 8, (seconds, smallest)
        seconds.append(first_frame(tmp_path, graph)[0])
        in_a_terminal(_MINIMAL, str(tmp_path / "minimal"))
        smallest.append(float((tmp_path / "minimal").read_text()))
    print(f"{min(seconds):.2f} s, the smallest program {min(smallest):.2f} s")


def test_no_module_of_the_interface_imports_torch_or_its_kin() -> None:
    folder = Path(__file__).parents[2] / "core" / "noisegraph" / "tui"
    names = [
        ".".join(("noisegraph.tui", *path.relative_to(folder).with_suffix("").parts))
        for path in folder.rglob("*.py")
        if path.stem != "__init__"
    ]
    code = f"import importlib, sys\nfor name in {names!r}: importlib.import_module(name)\nprint(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert len(names) > 50
    assert {name.partition(".")[0] for name in told.split()} & HEAVY == set()


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["tui", "--help"]])
def test_help_and_version_import_no_textual(arguments: list[str]) -> None:
    code = (
        f"import sys\nimport noisegraph.cli.main as cli\ncli.code({arguments!r})\nprint(*sys.modules, file=sys.stderr)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stderr
    assert "textual" not in {name.partition(".")[0] for name in told.split()}
