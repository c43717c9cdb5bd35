"""Files as they are told: no longer than one needs to find them from here."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def short_path(file: str | Path) -> str:
    """The path as seen from the working folder, where it lies below; else from the home folder; else whole."""
    for folder, head in ((Path.cwd, ""), (Path.home, "~/")):
        with suppress(OSError, RuntimeError, ValueError):  # that is deleted, or not known; or the file lies elsewhere
            return f"{head}{Path(file).relative_to(folder())}"
    return str(file)
