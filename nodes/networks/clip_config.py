"""The configuration of a CLIP's two towers; importing this imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class CLIPConfig:
    """What distinguishes one CLIP from another; the defaults are those of ViT-L/14 (Radford et al. 2021)."""

    __pydantic_config__ = {"extra": "forbid"}
    """Where a configuration is text, a name that is none of these is an error."""

    vocab_size: int = 49408
    end_token: int = 49407
    """The token at whose first place the text's vector is read."""
    length: int = 77
    """Tokens of a text, with its beginning, its end and what fills it up."""
    text_width: int = 768
    text_layers: int = 12
    text_heads: int = 12
    image_size: int = 224
    patch_size: int = 14
    image_width: int = 1024
    image_layers: int = 24
    image_heads: int = 16
    projection_dim: int = 768
    """Width of the space that both towers meet in."""
    activation: Literal["quick_gelu", "gelu"] = "quick_gelu"
