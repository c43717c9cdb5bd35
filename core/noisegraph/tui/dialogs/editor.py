"""The user's own editor, for a while in the terminal's place."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from textual.app import App, SuspendNotSupported


class NoEditorError(Exception):
    """There is no editor, or it failed."""


def editor(environment: Mapping[str, str]) -> list[str]:
    """The editor's command: $VISUAL, $EDITOR, or what every system has."""
    named = environment.get("VISUAL") or environment.get("EDITOR") or "vi"
    return shlex.split(named)


def edited(app: App[int], text: str, suffix: str, line: int = 0) -> str:
    """The text after the user has edited it; raises NoEditorError where it is as good as not edited."""
    with tempfile.TemporaryDirectory(prefix="noisegraph-") as folder:
        file = Path(folder) / f"text{suffix}"
        file.write_bytes(text.encode("utf-8", "surrogatepass"))
        command = [*editor(os.environ), *([f"+{line}"] if line else []), str(file)]
        visit(app, command)
        try:
            return file.read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise NoEditorError(f"what the editor left cannot be read: {error}") from None


def visit(app: App[int], command: list[str]) -> None:
    """Run a program in the terminal, and come back when it has ended; raises NoEditorError where it fails."""
    try:
        with app.suspend():
            code = subprocess.run(command, check=False).returncode
    except SuspendNotSupported:
        raise NoEditorError("this terminal cannot be lent to an editor") from None
    except OSError as error:
        raise NoEditorError(f"cannot start {command[0]}: {error.strerror or error}; set $EDITOR") from None
    app.refresh(layout=True)
    if code:
        raise NoEditorError(f"{command[0]} ended with code {code}; the text stays as it was")
