"""The configuration of a noise-conditional score network; importing this imports no torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class NCSNConfig:
    """What distinguishes one NCSN from another; the ladder of noise is that of a geometric process."""

    __pydantic_config__ = {"extra": "forbid"}
    """Where a configuration is text, a name that is none of these is an error."""

    channels: int = 3
    """Of the pictures."""
    width: int = 128
    """Channels at full size; below it twice as many."""
    levels: int = 10
    """How many levels of noise the normalizations know; a level between two is taken for the nearer one."""
    sigma_min: float = 0.01
    sigma_max: float = 1.0
    divide: bool = True
    """Whether the output is divided by sigma (Song & Ermon 2020, technique 3)."""
