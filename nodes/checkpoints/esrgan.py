"""ESRGAN upscalers in files, by each of the three namings that are about."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import noisegraph as ng

from .checkpoint import Checkpoint
from .entry import Entries
from .kinds import refusal
from .part import Made, Part, own, whole

_PREFIXES = ("params_ema.", "params.", "")
_RENAMED = (
    (re.compile(r"^RRDB_trunk\."), "body."),
    (re.compile(r"^trunk_conv\."), "conv_body."),
    (re.compile(r"^upconv(\d)\."), r"conv_up\1."),
    (re.compile(r"^HRconv\."), "conv_hr."),
    (re.compile(r"^model\.0\."), "conv_first."),
    (re.compile(r"^model\.1\.sub\.(\d+)\.(?=RDB)"), r"body.\1."),
    (re.compile(r"^model\.1\.sub\.\d+\."), "conv_body."),
    (re.compile(r"\.RDB(\d)\.(conv\d)\.(?:0\.)?"), r".rdb\1.\2."),
)
_LATER = re.compile(r"^model\.(\d+)\.(.*)")


def ours(entries: Entries) -> dict[str, Made]:
    """The names of all namings as BasicSR's; old ones number the last layers, which grow with the doublings."""
    later = sorted({int(found[1]) for name in entries if (found := _LATER.match(name)) and int(found[1]) > 1})
    places = dict(zip(later[-2:], ("conv_hr.", "conv_last."), strict=True)) if len(later) > 1 else {}
    places |= {number: f"conv_up{index}." for index, number in enumerate(later[:-2], 1)}
    return own({_renamed(name, places): entry for name, entry in entries.items()})


def _renamed(name: str, places: Mapping[int, str]) -> str:
    found = _LATER.match(name)
    if found is not None and int(found[1]) in places:
        return places[int(found[1])] + found[2]
    for pattern, put in _RENAMED:
        name = pattern.sub(put, name)
    return name


def upscaler_part(checkpoint: Checkpoint) -> Part:
    """The upscaler of a checkpoint; raises NodeError where there is none."""
    for prefix in _PREFIXES:
        if {f"{prefix}conv_first.weight", f"{prefix}model.0.weight"} & checkpoint.entries.keys():
            return Part(prefix, ours)
    raise refusal(checkpoint, "ESRGAN upscaler", "its first layer would be 'conv_first' or 'model.0'")


@whole
def configured(checkpoint: Checkpoint) -> dict[str, int]:
    """The configuration of an upscaler from its shapes; raises NodeError for other names."""
    shapes = upscaler_part(checkpoint).shapes(checkpoint)
    blocks = {int(name.split(".")[1]) for name in shapes if name.startswith("body.") and name.split(".")[1].isdigit()}
    if not blocks or not {"conv_last.weight", "body.0.rdb1.conv1.weight", "conv_hr.weight"} <= shapes.keys():
        raise ng.NodeError(f"'{checkpoint.path}' is no RRDBNet", "of upscalers, ESRGAN's are known")
    first, channels = shapes["conv_first.weight"], shapes["conv_last.weight"][0]
    return {
        "channels": channels,
        "folded": math.isqrt(first[1] // channels),
        "width": first[0],
        "growth": shapes["body.0.rdb1.conv1.weight"][0],
        "blocks": 1 + max(blocks),
        "doublings": sum(re.fullmatch(r"conv_up\d+\.weight", name) is not None for name in shapes),
    }


def build(**config: Any) -> Any:
    """The upscaler of a configuration; torch is imported only now."""
    from ..networks.rrdb import RRDBNet

    return RRDBNet(**config)
