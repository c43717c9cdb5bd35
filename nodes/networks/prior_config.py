"""The configuration of an unCLIP prior; importing this imports no torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PriorConfig:
    """What distinguishes one prior from another."""

    __pydantic_config__ = {"extra": "forbid"}
    """Where a configuration is text, a name that is none of these is an error."""

    dimensions: int = 768
    """Of the embeddings of texts and pictures."""
    context_channels: int = 768
    """Width of the states of the text."""
    length: int = 77
    """Tokens of a text."""
    width: int = 2048
    heads: int = 32
    layers: int = 20
