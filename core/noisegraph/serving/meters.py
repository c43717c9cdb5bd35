"""How much memory there is, and how much is used."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path

from ..devices import Device
from .gpu import Gauge

MOST_MEMORY = 4_000_000_000


def meters(device: Device) -> dict[str, float | None]:
    """The bytes that this process has resident, and those used and there on a CUDA device, how many processors are
    wanted, of how many, and how busy the device is in per cent; None where unknown."""
    used = total = None
    torch = sys.modules.get("torch")
    if torch is not None and device.kind == "cuda" and torch.cuda.is_initialized():
        free, total = torch.cuda.mem_get_info(device.name)
        used = total - free
    busy = _gauge(torch.cuda.get_device_properties(device.name).uuid).busy if total is not None and torch else None
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    found = {"rss": _resident(), "device_used": used, "device_total": total}
    return {**found, "load": load, "processors": os.cpu_count(), "device_busy": busy}


@cache
def _gauge(uuid: object) -> Gauge:
    return Gauge(str(uuid))


def memory_bound() -> int:
    """A quarter of the computer's memory, at most 4 GB."""
    try:
        return min(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 4, MOST_MEMORY)
    except (ValueError, OSError, AttributeError):
        return MOST_MEMORY // 4


def _resident() -> int | None:
    """The memory that this process has, in bytes, where the system tells."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None
