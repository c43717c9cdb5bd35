"""Lines out of a stream of bytes that arrives in pieces."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, TypeAlias

Message: TypeAlias = dict[str, Any]
_LONGEST = 1 << 26
"""A line that grows longer than this is no message; it is dropped."""


class Lines:
    """Cuts pieces into lines, and keeps what has no end yet."""

    def __init__(self) -> None:
        self._rest = b""

    def cut(self, piece: bytes) -> list[str]:
        """The lines that end with this piece."""
        *whole, rest = (self._rest + piece).split(b"\n")
        self._rest = rest if len(rest) <= _LONGEST else b""
        return [line.decode("utf-8", "replace").rstrip("\r") for line in whole]


def parsed(lines: Iterable[str]) -> tuple[list[Message], list[str]]:
    """The messages among lines, and the lines that are none."""
    messages: list[Message] = []
    odd: list[str] = []
    for line in lines:
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            message = None
        if isinstance(message, dict) and isinstance(message.get("event"), str):
            messages.append(message)
        elif line.strip():
            odd.append(line)
    return messages, odd
