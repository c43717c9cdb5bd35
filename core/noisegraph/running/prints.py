"""What nodes print, kept apart from the data on stdout and told as a warning."""

from __future__ import annotations

import sys
from collections.abc import Callable
from threading import get_ident
from typing import Any, TextIO


class Prints:
    """Stands in for stdout during a run. Keeps what a thread prints while it is in a node; the rest passes through."""

    def __init__(self) -> None:
        self._stdout: TextIO = sys.stdout
        self._ended = False
        self._inside: set[int] = set()
        self._kept: dict[int, list[str]] = {}

    def __enter__(self) -> None:
        """Be `sys.stdout` until the end of the block; of runs that overlap, whichever ends last gives it back."""
        self._stdout = sys.stdout
        sys.stdout = self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        while isinstance(sys.stdout, Prints) and sys.stdout._ended:
            sys.stdout = sys.stdout._stdout

    def call(self, function: Callable[..., Any], *values: Any, **arguments: Any) -> Any:
        """Call code of a node and keep what it prints."""
        thread = get_ident()
        self._inside.add(thread)
        try:
            return function(*values, **arguments)
        finally:
            self._inside.discard(thread)

    def take(self) -> str:
        """What nodes printed in this thread since last asked."""
        return "".join(self._kept.pop(get_ident(), ())) if self._kept else ""

    def write(self, text: str) -> int:
        """Keep the text, or pass it on."""
        thread = get_ident()
        if thread not in self._inside:
            return self._stdout.write(text)
        self._kept.setdefault(thread, []).append(text)
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stdout, name)
