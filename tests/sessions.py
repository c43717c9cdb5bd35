"""Console blocks of the documents, run in a fresh installation: what they print now beside what is printed there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .documents import Block, blocks, start_commands
from .source_tree import ROOT

_VARYING = (
    (re.compile(r"\b\d+(\.\d+)? ?(s|min|h)\b( \d+ s\b)?"), "TIME"),
    (re.compile(r"\bsteps \d+-\d+ cached, \d+-\d+ will run"), "STEPS"),  # fewer are stored where they are fast
    (re.compile(r"^\d+ passed"), "COUNT passed"),
)
_PASSING = re.compile(r"^\S+: (TIME|step \d+ of \d+.*|goes on after .*)$|^[.]+ *\[ *\d+%\]$|^$")
"""Lines that are told only when something takes a while, or that tell how far it got."""


@dataclass(frozen=True)
class Installation:
    """noisegraph installed from a copy of the tree, and an empty folder to work in."""

    programs: Path
    folder: Path
    environment: Mapping[str, str]

    def run(self, command: str) -> str:
        """What a command prints, stderr among it; its exit code is not judged."""
        path = f"{self.programs}{os.pathsep}{self.environment['PATH']}"
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env={**self.environment, "PATH": path},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.stdout


def install(folder: Path) -> Installation:
    """Run README's first command in a copy of the tree: it sets up a virtual environment and draws a picture.

    Nothing is downloaded: the new environment sees the libraries of this one, and builds with its setuptools.
    """
    hidden = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist", "out")
    shutil.copytree(ROOT, folder / "tree", ignore=hidden)
    (folder / "work").mkdir()
    _link_libraries(folder / "libraries")
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("NOISEGRAPH_", "PIP_", "PYTEST_"))
    }
    environment = kept | {
        "PYTHONPATH": str(folder / "libraries"),
        "NOISEGRAPH_CACHE": str(folder / "cache"),
        "COLUMNS": "100",
        "PIP_NO_DEPS": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # pip's word for: build with what is installed
        "PIP_IGNORE_INSTALLED": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    told = subprocess.run(
        ["bash", "-ec", start_commands()[0]], cwd=folder / "tree", env=environment, capture_output=True, check=False
    )
    assert (folder / "tree" / "emoji-0001.png").exists(), told
    programs = folder / "tree" / ".venv" / "bin"
    (programs / "pytest").write_text(f'#!/bin/sh\nexec "{programs}/python" -m pytest "$@"\n', encoding="utf-8")
    (programs / "pytest").chmod(0o755)
    return Installation(programs, folder / "work", environment)


def _link_libraries(folder: Path) -> None:
    """A folder for PYTHONPATH."""
    folder.mkdir()
    ours = Path(sysconfig.get_path("purelib"))
    for path in (*ours.glob("setuptools*"), *ours.glob("_distutils_hack")):
        (folder / path.name).symlink_to(path)
    seen = f"import site\n\nsite.addsitedir({str(ours)!r})\n"
    (folder / "sitecustomize.py").write_text(seen, encoding="utf-8")


def session(block: Block) -> Iterator[tuple[str, str]]:
    """The commands of a console block, each with what is printed below it."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def play(block: Block, installation: Installation) -> list[tuple[str, str, str]]:
    """Do what a block says: write its file, or run its commands; each command, what is printed there, what came."""
    if block.file and not (ROOT / block.file).is_file():
        file = installation.folder / block.file
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block.text, encoding="utf-8")
    if block.language != "console":
        return []
    return [(command, output, installation.run(command)) for command, output in session(block)]


def lasting(output: str) -> list[str]:
    """The lines of an output that are the same each time: what varies is blanked, passing lines are left out."""
    lines = output.splitlines()
    for pattern, name in _VARYING:
        lines = [pattern.sub(name, line.rstrip()) for line in lines]
    return [line for line in lines if not _PASSING.match(line)]


def played(text: str, installation: Installation) -> str:
    """A document with what its commands print now; where nothing but durations changed it is left as it was."""
    for block in blocks(text):
        parts = play(block, installation)
        if parts:
            outputs = [(command, was if lasting(was) == lasting(now) else now) for command, was, now in parts]
            told = "".join(f"$ {command}\n{output}" for command, output in outputs)
            text = text.replace(f"```console\n{block.text}```", f"```console\n{told}```")
    return text
