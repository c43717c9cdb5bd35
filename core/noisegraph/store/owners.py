"""Files that belong to one process: named after it, so that others see when it is gone."""

from __future__ import annotations

import itertools
import os
import platform
import re
import time
from functools import cache

_AGE = {"part": 3600, "pins": 7 * 86400}
"""Seconds after which a file of this kind is left over, even if a process of that number lives."""
_NUMBERS = itertools.count()


def own_name(kind: str) -> str:
    """A name that no other process, and no other call, gives."""
    return f"{_host()}-{os.getpid()}-{next(_NUMBERS)}.{kind}"


def left_over(path: str) -> bool:
    """Whether the process that made the file is gone; a process on another host is so after a while only."""
    owner, _, kind = os.path.basename(path).rpartition(".")
    host, _, pid = owner.rpartition("-")[0].rpartition("-")
    try:
        age = time.time() - os.stat(path).st_mtime
    except OSError:
        return False
    if age > _AGE.get(kind, 0):
        return True
    return host == _host() and pid.isdecimal() and not _lives(int(pid))


def _lives(pid: int) -> bool:
    if os.name != "posix":  # elsewhere, to ask a process is to end it
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


@cache
def _host() -> str:
    return re.sub(r"[^A-Za-z0-9_.]", "_", platform.node())[:60] or "localhost"
