"""Code of plugins outside of a run: it cannot end the program, and what it writes to stdout is no data."""

from __future__ import annotations

import logging
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from types import FrameType
from typing import IO, Any, TypeVar, cast

from .errors import PluginError, said, shortened

T = TypeVar("T")
_MOST = 1 << 20
"""How many bytes of what is written are read."""


def called(whose: str, function: Callable[[], T]) -> T:
    """What code of a plugin gives; whatever would end the program, but for Ctrl-C, becomes a PluginError."""
    with _interrupts() as arrived, _apart(whose):
        try:
            return function()
        except Exception:
            raise
        except BaseException as error:
            if arrived and isinstance(error, KeyboardInterrupt):
                raise
            raise PluginError(reason(error)) from error


def reason(error: BaseException) -> str:
    """Why code of a plugin failed: an error's own words, with its type where noisegraph did not write them."""
    return str(error) if isinstance(error, PluginError) else f"{type(error).__name__}: {said(error)}"


@contextmanager
def _apart(whose: str) -> Iterator[None]:
    """What is written to stdout until the end is told as a warning that names whose it is."""
    stream = _Stream()
    with _scratch() as file:
        try:
            with redirect_stdout(cast(Any, stream)), _leading_to(file.fileno()):
                yield
        finally:
            stream.ended = True
            file.seek(0)
            written = ("".join(stream.kept) + file.read(_MOST).decode(errors="replace")).strip()
            if written:
                logging.getLogger(__name__).warning("%s writes to stdout: %r", whose, shortened(written))


def _scratch() -> IO[bytes]:
    """A file without a name, in memory where the system has such."""
    if hasattr(os, "memfd_create"):
        return open(os.memfd_create("stdout"), "w+b")
    try:
        return tempfile.TemporaryFile()
    except OSError:  # no folder can be written to
        return open(os.devnull, "r+b")


@contextmanager
def _leading_to(other: int) -> Iterator[None]:
    """File descriptor 1, to which C libraries write, leads to another file until the end."""
    kept = None
    with suppress(OSError):  # of a process without stdout
        kept = os.dup(1)
        os.dup2(other, 1)
    try:
        yield
    finally:
        if kept is not None:
            os.dup2(kept, 1)
            os.close(kept)


class _Stream:
    """Stands in for `sys.stdout` and keeps what is written; whoever holds it afterwards writes to stderr."""

    def __init__(self) -> None:
        self.kept: list[str] = []
        self.ended = False

    def write(self, text: str) -> int:
        """Keep the text, or pass it on."""
        if self.ended:
            return sys.stderr.write(text)
        self.kept.append(text)
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.stderr, name)


@contextmanager
def _interrupts() -> Iterator[list[int]]:
    """The SIGINTs that arrive until the end: a KeyboardInterrupt without one was raised by the code itself."""
    arrived: list[int] = []
    handler = signal.getsignal(signal.SIGINT)

    def hear(number: int, frame: FrameType | None) -> None:
        arrived.append(number)
        cast(Any, handler)(number, frame)

    listens = callable(handler) and threading.current_thread() is threading.main_thread()
    if listens:
        signal.signal(signal.SIGINT, hear)
    try:
        yield arrived
    finally:
        if listens and signal.getsignal(signal.SIGINT) is hear:
            signal.signal(signal.SIGINT, handler)
