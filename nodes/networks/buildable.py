"""Which configurations of a U-Net can be built; importing this imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

from .unet_config import UNetConfig

WIDEST = 65_536
"""Channels, of whatever; far more than any network has."""


def flaws(config: UNetConfig) -> list[str]:
    """What keeps a U-Net of this configuration from being built, in words; nothing where it can be."""
    return list(_numbers(config)) or [*_lists(config), *_divisions(config), *_vectors(config)]


def _numbers(config: UNetConfig) -> Iterator[str]:
    """What is too small or too large by itself."""
    for name in ("in_channels", "out_channels", "model_channels", "num_heads", "groups"):
        yield from _counted(name, getattr(config, name))
    for name in ("num_head_channels", "num_classes", "vector_channels", "context_channels"):
        if getattr(config, name) is not None:
            yield from _counted(name, getattr(config, name))
    if not 0 <= config.dropout <= 1:
        yield f"dropout is {config.dropout:g}; it lies between 0 and 1"
    if not config.channel_mult:
        yield "channel_mult is empty; it holds one number a level"
    elif not all(1 <= config.model_channels * mult <= WIDEST for mult in config.channel_mult):
        yield f"channel_mult makes levels of {_or(config.channel_mult)} times {config.model_channels} channels"


def _counted(name: str, value: int) -> Iterator[str]:
    if not 1 <= value <= WIDEST:
        yield f"{name} is {value}; it lies between 1 and {WIDEST}"


def _lists(config: UNetConfig) -> Iterator[str]:
    """What has another length than there are levels, or too few blocks."""
    levels = len(config.channel_mult)
    for name in ("num_res_blocks", "transformer_depth", "disable_self_attentions"):
        value, least = getattr(config, name), int(name == "num_res_blocks")
        numbers = value if isinstance(value, tuple) else (value,)
        if isinstance(value, tuple) and len(value) != levels:
            yield f"{name} has {len(value)} numbers, channel_mult {levels} levels; give one a level"
        elif min(numbers) < least:
            yield f"{name} is {_or(numbers)}; {least} is the least"


def _divisions(config: UNetConfig) -> Iterator[str]:
    """What cannot be divided evenly: channels among the groups of norms and the heads of attention."""
    widths = config.widths
    if odd := [width for width in widths if width % config.groups]:
        yield f"groups is {config.groups}, which does not divide levels of {_or(odd)} channels"
    seen = [
        width for width, factor in zip(widths, config.factors, strict=True) if factor in config.attention_resolutions
    ]
    for width in sorted({*seen, widths[-1]}):
        a_head = config.num_head_channels
        heads = config.num_heads if a_head is None else width // a_head
        if not heads or width % heads:
            told = f"num_heads is {heads}" if a_head is None else f"num_head_channels is {a_head}"
            yield f"{told}, attention stands where there are {width} channels, which cannot be shared so"


def _vectors(config: UNetConfig) -> Iterator[str]:
    if config.vector_tokens and (config.vector_channels is None or config.context_channels is None):
        yield "vector_tokens wants vector_channels, and context_channels beside which they are read"
    if config.vector_tokens < 0:
        yield f"vector_tokens is {config.vector_tokens}; 0 is the least"


def _or(numbers: tuple[int | float, ...] | list[int]) -> str:
    return ", ".join(f"{number:g}" for number in numbers)
