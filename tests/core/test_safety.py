"""A graph is data from a stranger: what a run may do is watched from inside the interpreter."""

from __future__ import annotations

import json
import os
import re
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from noisegraph.cli import main

from .cli_probe import environment

WATCHED = """
import json, os, sys
if sys.argv[1] == "run":  # what these do when they are imported is not ours to judge
    import torch, safetensors.torch, PIL.PngImagePlugin
seen = []
FORBIDDEN = ("pickle.find_class", "marshal.loads", "socket.connect", "socket.getaddrinfo", "subprocess.Popen",
             "os.system", "os.exec", "os.posix_spawn", "os.fork", "ctypes.dlopen", "urllib.Request")
def watch(event, args):
    if event in FORBIDDEN and not (event == "marshal.loads" and importing()):
        seen.append([event, repr(args)[:200]])
    elif event == "open":
        path, mode, flags = args
        if (flags or 0) & (os.O_WRONLY | os.O_RDWR) and isinstance(path, str):
            seen.append(["write", os.path.abspath(path)])
    elif event in ("os.remove", "os.rename", "os.link", "os.symlink", "os.rmdir", "os.truncate"):
        if not isinstance(args[0], int):  # a file that is open was seen when it was opened
            seen.append(["write", os.path.abspath(args[0])])
def importing():
    frame = sys._getframe()
    while frame is not None:
        if "importlib" in frame.f_code.co_filename:
            return True
        frame = frame.f_back
    return False
sys.dont_write_bytecode = True
sys.addaudithook(watch)
from noisegraph.cli import main
code = main.code(sys.argv[1:])
print(json.dumps([code, seen]))
"""


def watched(folder: Path, *arguments: str) -> tuple[int, list[list[str]]]:
    """The exit code of a command line, and all that it did which reaches beyond the process."""
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, *arguments],
        cwd=folder, env=environment(folder / "cache"), capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.stdout, done.stderr
    code, seen = json.loads(done.stdout.splitlines()[-1])
    return code, seen


@pytest.mark.slow
def test_a_run_writes_below_its_output_and_cache_folders_alone_and_reaches_nothing_else(tmp_path: Path) -> None:
    for _ in range(2):
        code, seen = watched(tmp_path, "run", "digit", "steps=2", "--out", "out")
        assert code == 0
        assert [one for one in seen if one[0] != "write"] == []
        allowed = (str(tmp_path / "out"), str(tmp_path / "cache"), os.devnull)
        assert [path for _, path in seen if not path.startswith(allowed)] == []
    assert len(list((tmp_path / "out").glob("*.png"))) == 2


@pytest.mark.parametrize("arguments", [["check", "digit"], ["plan", "digit"], ["nodes"], ["show", "{picture}"]])
def test_what_runs_nothing_writes_nothing_but_what_the_cache_remembers(arguments: list[str], tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    _png(picture, b"tEXt", b"comment\0hello")
    code, seen = watched(tmp_path, *(part.format(picture=picture) for part in arguments))
    assert code == (2 if "show" in arguments else 0)
    assert [one for one in seen if one[0] != "write"] == []
    assert [path for _, path in seen if not path.startswith((str(tmp_path / "cache"), os.devnull))] == []


def _png(path: Path, kind: bytes, text: bytes) -> None:
    """A picture of one pixel with a text chunk."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(kind, text) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt"])
@pytest.mark.parametrize("command", ["run", "show"])
def test_a_picture_whose_text_unfolds_to_200_megabytes_is_refused(
    kind: bytes, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    packed = zlib.compressobj(9)
    squeezed = b"".join(packed.compress(b" " * 2**20) for _ in range(200)) + packed.flush()
    header = b"noisegraph\0\0" if kind == b"zTXt" else b"noisegraph\0\1\0\0\0"
    _png(tmp_path / "bomb.png", kind, header + squeezed)
    assert main.code([command, str(tmp_path / "bomb.png")]) == 2
    told = capsys.readouterr()
    assert "bomb.png" in told.err
    assert "Traceback" not in told.err


def _sources() -> list[Path]:
    root = Path(__file__).parents[2]
    return [*(root / "core").rglob("*.py"), *(root / "nodes").rglob("*.py"), *(root / "plugins").rglob("*.py")]


CAREFUL = {
    "^import pickle": "nodes/checkpoints/pickle_header.py",  # an unpickler that makes nothing but lists of tensors
    "torch.load(": "nodes/checkpoints/part.py",  # weights only
}
"""Where alone a file of pickled tensors is read, and how that is safe."""


@pytest.mark.parametrize(
    "banned",
    [
        r"pickle\.loads?\(",
        "^import pickle",
        r"torch\.load\(",
        r"(?<![\w.])eval\(",
        r"(?<![\w.])exec\(",
        r"os\.system",
        "import dill",
    ],
)
def test_the_code_holds_no_way_to_run_what_a_file_says(banned: str) -> None:
    def lines(path: Path) -> list[str]:
        return [line for line in path.read_text().splitlines() if re.search(banned, line)]

    # the contracts of testing/ pickle an author's functions in memory, and read them back from there
    sources = [path for path in _sources() if not {"tests", "testing"} & set(path.parts)]
    careful = CAREFUL.get(banned.replace("\\", ""), "")
    found = {str(path): lines(path) for path in sources if not (careful and path.as_posix().endswith(careful))}
    assert {path: where for path, where in found.items() if where} == {}


def test_pickled_weights_are_read_as_weights_only() -> None:
    root = Path(__file__).parents[2]
    (line,) = re.findall(r"torch\.load\(.*", (root / CAREFUL["torch.load("]).read_text())
    assert "weights_only=True" in line
