"""The names of autoencoders in the layout of diffusers, as ours."""

from __future__ import annotations

import re
from collections.abc import Callable

from .entry import Entries, Entry
from .part import Made

_RULES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"\.mid_block\.resnets\.(\d)\."), lambda found: f".mid.block_{int(found[1]) + 1}."),
    (re.compile(r"\.mid_block\.attentions\.0\."), lambda found: ".mid.attn_1."),
    (re.compile(r"\.down_blocks\.(\d+)\.resnets\.(\d+)\."), lambda found: f".down.{found[1]}.block.{found[2]}."),
    (re.compile(r"\.down_blocks\.(\d+)\.attentions\.(\d+)\."), lambda found: f".down.{found[1]}.attn.{found[2]}."),
    (re.compile(r"\.down_blocks\.(\d+)\.downsamplers\.0\."), lambda found: f".down.{found[1]}.downsample."),
    (re.compile(r"\.conv_shortcut\."), lambda found: ".nin_shortcut."),
    (re.compile(r"\.conv_norm_out\."), lambda found: ".norm_out."),
    (re.compile(r"\.group_norm\."), lambda found: ".norm."),
    (re.compile(r"\.(to_q|query)\."), lambda found: ".q."),
    (re.compile(r"\.(to_k|key)\."), lambda found: ".k."),
    (re.compile(r"\.(to_v|value)\."), lambda found: ".v."),
    (re.compile(r"\.(to_out\.0|proj_attn)\."), lambda found: ".proj_out."),
)
_UP = re.compile(r"\.up_blocks\.(\d+)\.(resnets|attentions|upsamplers)\.(\d+)\.")
_KINDS = {"resnets": "block", "attentions": "attn"}


def ours(entries: Entries) -> dict[str, Made]:
    """What each parameter of ours is made of; the decoder's levels are numbered from the largest size."""
    levels = [int(found[1]) for name in entries if (found := _UP.search(name))]
    return {_renamed(name, max(levels, default=0)): _made(name, entry) for name, entry in entries.items()}


def _renamed(name: str, last: int) -> str:
    for pattern, put in _RULES:
        name = pattern.sub(put, name)
    found = _UP.search(name)
    if found is None:
        return name
    level = last - int(found[1])
    stands = f".up.{level}.upsample." if found[2] == "upsamplers" else f".up.{level}.{_KINDS[found[2]]}.{found[3]}."
    return name[: found.start()] + stands + name[found.end() :]


def _made(name: str, entry: Entry) -> Made:
    """Attention's linear layers are convolutions with us."""
    matrix = ".attentions." in name and len(entry.shape) == 2
    return Made((entry,), (*entry.shape, 1, 1) if matrix else entry.shape)
