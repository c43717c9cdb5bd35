"""A worker process behind pipes: started, listened to, told, and ended."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence

from .lines import Lines, Message, parsed

_PIECE = 1 << 16
_PATIENCE = 2.0
"""Seconds that a process whose pipe closed has to end."""


class Link:
    """One worker process. It is in a session of its own, so that keys typed here never interrupt it.

    `heard` gets its messages, `said` what it prints beside them, `ended` its exit code, negative for a signal.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        heard: Callable[[list[Message]], None],
        said: Callable[[list[str]], None],
        ended: Callable[[int], None],
    ) -> None:
        self._command = list(command)
        self._environment = dict(environment)
        self._heard, self._said, self._ended = heard, said, ended
        self._process: subprocess.Popen[bytes] | None = None
        self._input: asyncio.WriteTransport | None = None
        self._early: list[bytes] = []
        """What was to be told before the process stood."""

    @property
    def alive(self) -> bool:
        """Whether the process can still be told something."""
        return self._input is not None and not self._input.is_closing()

    async def run(self) -> None:
        """Start the process and listen until it ends; a command that cannot be started ends with code 127."""
        pipe = subprocess.PIPE
        try:
            process = subprocess.Popen(
                self._command, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True, env=self._environment
            )
        except OSError as error:
            self._said([f"cannot start {self._command[0]}: {error}"])
            self._ended(127)
            return
        self._process = process
        loop = asyncio.get_running_loop()
        self._input, _ = await loop.connect_write_pipe(asyncio.Protocol, process.stdin)
        self._input.writelines(self._early)
        self._early = []
        noise = asyncio.create_task(self._listen(process.stderr, self._said))
        await self._listen(process.stdout, self._take)
        self.close()
        await noise
        self._ended(await self._exit_code(process))

    def send(self, message: Message) -> None:
        """Tell it something; nothing is told to a process that is gone."""
        line = json.dumps(message, separators=(",", ":")).encode() + b"\n"
        if self._input is None:
            self._early.append(line)
        elif not self._input.is_closing():
            self._input.write(line)

    def close(self) -> None:
        """Let it end by itself, after the step that it is in."""
        if self._input is not None:
            self._input.close()

    def end(self) -> None:
        """Let it end, and ask it to: what does not look at its input would stay for ever."""
        self.close()
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it and what it started, at once."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)

    async def _listen(self, pipe: object, take: Callable[[list[str]], None]) -> None:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
        lines = Lines()
        while piece := await reader.read(_PIECE):
            whole = lines.cut(piece)
            if whole:
                take(whole)
        transport.close()

    def _take(self, lines: list[str]) -> None:
        messages, odd = parsed(lines)
        if odd:
            self._said(odd)
        if messages:
            self._heard(messages)

    async def _exit_code(self, process: subprocess.Popen[bytes]) -> int:
        deadline = asyncio.get_running_loop().time() + _PATIENCE
        while process.poll() is None and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.02)
        if process.poll() is None:
            self.kill()
            await asyncio.to_thread(process.wait)
        return process.returncode
