"""Spans of time as people say them, alike wherever one is told."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """A span of time as people say it: `0.3 s`, `2 min 5 s`, `3 h 20 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
