"""The command line where stdin, stdout or stderr is closed, full, or in an encoding that cannot say all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .cli_probe import chain, environment, write
from .test_registry import GOOD, install

FULL = Path("/dev/full")


def shell(command: str, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """A shell's command in which `noisegraph` is this one."""
    line = f'noisegraph() {{ "{sys.executable}" -m noisegraph "$@"; }}; {command}'
    env = {**environment(folder / "cache"), **more}
    return subprocess.run(
        ["sh", "-c", line],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("command", ["graphs", "--help", "run graph.json"])
@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
def test_a_full_disk_behind_stdout_is_told_in_one_line(command: str, tmp_path: Path) -> None:
    write(tmp_path, **chain("probe.number", value=3))
    done = shell(f"noisegraph {command} >/dev/full", tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "error: cannot write what there is to tell: No space left on device"
    assert "Traceback" not in done.stderr
    if command.startswith("run"):
        assert (tmp_path / "graph-0001.json").read_text() == "3\n"


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
def test_where_nothing_can_be_told_at_all_the_code_tells(tmp_path: Path) -> None:
    done = shell("noisegraph graphs >/dev/full 2>/dev/full", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")


def test_streams_that_the_caller_closed_are_streams_of_nothing(tmp_path: Path) -> None:
    write(tmp_path, **chain("probe.number", value=3))
    assert shell("noisegraph run graph.json >&-", tmp_path).returncode == 0
    assert shell("noisegraph run graph.json 2>&-", tmp_path).stdout == "graph-0002.json\n"
    assert [(tmp_path / f"graph-000{number}.json").read_text() for number in (1, 2)] == ["3\n", "3\n"]
    done = shell("noisegraph check - <&-", tmp_path)
    assert done.returncode == 2
    assert "stdin" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "ascii"])
def test_a_terminal_that_does_not_know_a_letter_gets_its_number(encoding: str, tmp_path: Path) -> None:
    write(tmp_path, "gräph.json", about="ü", **chain("probe.words", text="\u2764 \U0001f600"))
    done = shell("noisegraph check gr*ph.json && noisegraph run gr*ph.json", tmp_path, PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    assert "all well" in done.stderr


def test_a_folder_whose_name_is_no_text_is_told_as_it_is_named(tmp_path: Path) -> None:
    write(tmp_path, **chain("probe.number", value=3))
    done = subprocess.run(
        [sys.executable, "-m", "noisegraph", "run", "graph.json", "--out", os.fsdecode(b"o\xff")],
        cwd=tmp_path, env=environment(tmp_path / "cache", PYTHONIOENCODING="utf-8:strict"), capture_output=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, b"o\xff/graph-0001.json\n"), done.stderr


def test_a_working_folder_that_was_deleted_is_told_by_what_needs_it(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    write(tmp_path, "reads.json", **chain("probe.size", file="a.txt"))
    write(tmp_path, "plain.json", **chain("probe.number", value=3))
    gone = "mkdir gone && cd gone && rmdir ../gone && noisegraph"
    assert shell(f"{gone} check {tmp_path}/plain.json", tmp_path).returncode == 0
    for wrong in (f"check {tmp_path}/reads.json", "check - < /dev/null", "check plain.json"):
        done = shell(f"{gone} {wrong}", tmp_path)
        assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr


BANNER = """
import ctypes, os
ctypes.CDLL(None).printf(b"the library's banner\\n")  # stays in its buffer until the process ends
os.write(1, b"the module's banner\\n")
{code}
"""


@pytest.mark.skipif(os.name == "nt", reason="there the C library has another name")
def test_what_plugins_write_past_python_is_no_data(tmp_path: Path) -> None:
    install(tmp_path, "banner", BANNER.format(code=GOOD))
    install(tmp_path, "interrupts", BANNER.format(code="raise KeyboardInterrupt"))
    write(tmp_path, **chain("banner.seven"))
    path = {"PYTHONPATH": str(tmp_path), "NOISEGRAPH_PLUGINS": "banner,interrupts", "PYTHONUNBUFFERED": ""}
    done = shell("noisegraph nodes --json && noisegraph run graph.json --json", tmp_path, **path)
    listed, end = json.JSONDecoder().raw_decode(done.stdout)
    assert (done.returncode, [one["name"] for one in listed]) == (0, ["banner.seven"]), done.stderr
    assert json.loads(done.stdout[end:])["points"][0]["values"] == {"out": 7}
    assert done.stderr.count("plugin 'banner' (dist-banner) writes to stdout: \"the module's banner\"") == 2
    assert done.stderr.count("the library's banner") == 3
