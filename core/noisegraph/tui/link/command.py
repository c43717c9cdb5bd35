"""The command line that starts a worker: here, or elsewhere by ssh."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping

_NICENESS = 10
"""The interface answers keys while the worker computes on every core."""


def worker_command(given: str | None = None, device: str = "auto") -> list[str]:
    """What to start: the user's command as a shell would split it, else this Python's own worker."""
    if given:
        import shlex

        return shlex.split(given)
    nice = shutil.which("nice")
    politely = [nice, "-n", str(_NICENESS)] if nice else []
    return [*politely, sys.executable, "-m", "noisegraph", "worker", "--device", device]


def worker_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment with a core left to the interface, unless the user says how many threads there are."""
    threads = str(max(1, (os.cpu_count() or 2) - 1))
    return {"OMP_NUM_THREADS": threads, **environment, "PYTHONUNBUFFERED": "1"}
