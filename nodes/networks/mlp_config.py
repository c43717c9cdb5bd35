"""The configuration of a network of points; importing this imports no torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MLPConfig:
    """What distinguishes one network of points from another."""

    __pydantic_config__ = {"extra": "forbid"}
    """Where a configuration is text, a name that is none of these is an error."""

    dimensions: int = 2
    width: int = 128
    depth: int = 3
    """Hidden layers."""
    time_scale: float = 1.0
    """What the time is multiplied by; 1000 for a process whose time goes from 0 to 1."""
