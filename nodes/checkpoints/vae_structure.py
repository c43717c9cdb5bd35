"""The configuration of an autoencoder from the names and shapes of its parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeAlias

import noisegraph as ng

from .part import whole

Shapes: TypeAlias = Mapping[str, tuple[int, ...]]
_LEVEL = re.compile(r"encoder\.down\.(\d+)\.(block|attn)\.(\d+)\.")
RESOLUTION = 2**16
"""A size at which attention can be said to stand, whatever the pictures' own."""


@whole
def configured(shapes: Shapes) -> dict[str, Any]:
    """What the shapes tell of an `AutoencoderConfig`, which is all; raises NodeError for other names."""
    first, last = shapes.get("encoder.conv_in.weight", ()), shapes.get("decoder.conv_out.weight", ())
    if len(first) != 4 or len(last) != 4 or "post_quant_conv.weight" not in shapes:
        raise ng.NodeError("it holds no autoencoder", "its first layer would be 'encoder.conv_in.weight'")
    found = [(int(one[1]), one[2], int(one[3])) for name in shapes if (one := _LEVEL.match(name))]
    levels = range(1 + max(level for level, _, _ in found))
    inner = shapes["post_quant_conv.weight"]
    return {
        "in_channels": first[1],
        "out_ch": last[0],
        "ch": first[0],
        "ch_mult": tuple(shapes[f"encoder.down.{level}.block.0.conv1.weight"][0] // first[0] for level in levels),
        "num_res_blocks": 1 + max(number for _, kind, number in found if kind == "block"),
        "attn_resolutions": tuple(RESOLUTION // 2**level for level in levels if (level, "attn", 0) in found),
        "resolution": RESOLUTION,
        "z_channels": inner[0],
        "embed_dim": inner[1],
        "n_embed": shapes.get("quantize.embedding.weight", (None,))[0],
    }
