"""A real terminal for the interface to run on: keys go in, what it draws comes out, and how long that takes."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time
from collections.abc import Mapping, Sequence


class Terminal:
    """A process on a pseudo-terminal."""

    def __init__(
        self, arguments: Sequence[str], environment: Mapping[str, str], size: tuple[int, int] = (120, 40)
    ) -> None:
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            os.environ.update({"TERM": "xterm-256color", **environment})
            os.execv(sys.executable, [sys.executable, "-m", "noisegraph", *arguments])
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.drawn = b""

    def read(self, seconds: float) -> bytes:
        """What it draws within so many seconds, as soon as there is anything."""
        if not select.select([self._terminal], [], [], seconds)[0]:
            return b""
        try:
            piece = os.read(self._terminal, 1 << 16)
        except OSError:  # it has ended
            return b""
        self.drawn += piece
        return piece

    def until(self, mark: bytes, seconds: float = 60) -> None:
        """Read until it has drawn the mark, from now on."""
        end, start = time.monotonic() + seconds, len(self.drawn)
        while mark not in self.drawn[max(start - len(mark), 0) :]:
            assert time.monotonic() < end, f"never drawn: {mark!r}"
            self.read(0.2)

    def quiet(self, seconds: float = 0.3) -> None:
        """Read until it has drawn nothing for so long."""
        while self.read(seconds):
            pass

    def press(self, keys: bytes) -> None:
        """Type."""
        os.write(self._terminal, keys)

    def latency(self, keys: bytes, mark: str) -> float:
        """Seconds from a key to a mark that is drawn because of it."""
        began = time.perf_counter()
        self.press(keys)
        while mark.encode() not in self.read(5):
            assert time.perf_counter() - began < 5, "nothing is drawn"
        return time.perf_counter() - began

    def cpu(self) -> float:
        """Seconds of processor that it took so far."""
        with open(f"/proc/{self.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self) -> int:
        """Wait until it has ended; its exit code."""
        while self.read(5):
            pass
        _, status = os.waitpid(self.pid, 0)
        os.close(self._terminal)
        return os.waitstatus_to_exitcode(status)
