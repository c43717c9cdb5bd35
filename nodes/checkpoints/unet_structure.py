"""The configuration of a U-Net from the names and shapes of its parameters, as far as those tell it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import noisegraph as ng

from .part import whole

Shapes: TypeAlias = Mapping[str, tuple[int, ...]]
_STAGE = re.compile(r"(input|output)_blocks\.(\d+)\.")


class Stage(NamedTuple):
    """What stands at one place of the encoder: a residual block, and attention of a depth (0: none) after it."""

    width: int
    depth: int
    crossed: bool
    """Whether what would attend to itself attends to the condition."""
    widens: bool


@whole
def configured(shapes: Shapes) -> dict[str, Any]:
    """What the shapes tell of a `UNetConfig`: all of it but how channels are shared by heads.

    Raises NodeError for names that are not those of a U-Net of the family.
    """
    first, embedding = shapes.get("input_blocks.0.0.weight", ()), shapes.get("time_embed.0.weight", ())
    if len(first) != 4 or len(embedding) != 2 or "middle_block.2.out_layers.3.weight" not in shapes:
        raise ng.NodeError("it holds no U-Net of the DDPM family", "its first layer would be 'input_blocks.0.0.weight'")
    levels, resampled = _levels(shapes)
    return {
        "in_channels": first[1],
        "out_channels": _rows(shapes, "out.2.weight", "out.2.c_proj.weight", "out.3.weight"),
        "model_channels": embedding[1],
        "channel_mult": tuple(_multiple(level[0].width, embedding[1]) for level in levels),
        "num_res_blocks": _one([len(level) for level in levels]),
        "attention_resolutions": tuple(2**number for number, level in enumerate(levels) if level[0].depth),
        "num_classes": _rows(shapes, "label_emb.weight"),
        "vector_channels": shapes.get("label_emb.0.0.weight", (0, None))[1],
        "conv_resample": resampled != "mean",
        "resblock_updown": resampled == "block",
        "use_scale_shift_norm": _rows(shapes, "middle_block.0.emb_layers.1.weight") == 2 * levels[-1][0].width,
        **_attention(shapes, levels),
    }


def _attention(shapes: Shapes, levels: Sequence[Sequence[Stage]]) -> dict[str, Any]:
    block = "middle_block.1.transformer_blocks.0."
    if f"{block}attn2.to_k.weight" not in shapes:
        return {"attention": "block", "context_channels": shapes.get("middle_block.1.encoder_kv.weight", (0, None))[1]}
    depths = [max(level[0].depth, 1) for level in levels]
    crossed = [level[0].crossed for level in levels]
    return {
        "attention": "transformer",
        "context_channels": shapes[f"{block}attn2.to_k.weight"][1],
        "linear_projections": len(shapes.get("middle_block.1.proj_in.weight", ())) == 2,
        "transformer_depth": _one([*depths[:-1], _depth(shapes, "middle_block.1.")]),
        "disable_self_attentions": _one(crossed),
    }


def _levels(shapes: Shapes) -> tuple[list[list[Stage]], str]:
    """The blocks of each size, the largest first, and what changes the size: a `convolution`, `mean` or `block`."""
    count = 1 + max(int(found[2]) for name in shapes if (found := _STAGE.match(name)) and found[1] == "input")
    stages = {number: _stage(shapes, f"input_blocks.{number}.") for number in range(1, count)}
    halving = [number for number in stages if f"input_blocks.{number}.0.op.weight" in shapes]
    kind = "convolution"
    if not halving:
        halving = [number for number, stage in stages.items() if not stage.width]
        kind = "mean" if halving else "block"
    if not halving:
        halving = _halving_blocks(shapes, list(stages.values()))
        kind = "block" if halving else "convolution"
    levels: list[list[Stage]] = [[]]
    for number, stage in stages.items():
        if number in halving:
            levels.append([])
        else:
            levels[-1].append(stage)
    if not all(levels):
        raise ng.NodeError("the sizes of its U-Net cannot be made out", "it is none that noisegraph knows")
    return levels, kind


def _stage(shapes: Shapes, prefix: str) -> Stage:
    width = _rows(shapes, f"{prefix}0.out_layers.3.weight") or 0
    depth = _depth(shapes, f"{prefix}1.") if f"{prefix}1.norm.weight" in shapes else 0
    reads = shapes.get(f"{prefix}1.transformer_blocks.0.attn1.to_k.weight", (0, width))[1]
    return Stage(width, depth, reads != width, f"{prefix}0.skip_connection.weight" in shapes)


def _depth(shapes: Shapes, prefix: str) -> int:
    """How many transformer blocks stand there; 1 for an attention block without any."""
    start = f"{prefix}transformer_blocks."
    return 1 + max((int(name[len(start) :].split(".")[0]) for name in shapes if name.startswith(start)), default=0)


def _halving_blocks(shapes: Shapes, stages: Sequence[Stage]) -> list[int]:
    """The stages that are residual blocks which halve the picture: nothing in their names tells them from others.

    With as many blocks at every size, they are every n-th; they neither attend nor change the width, while the blocks
    between them are alike. Where several n are possible, the decoder tells: it doubles as often.
    """
    doubled = sum(_doubles(shapes, name) for name in shapes)
    for every in range(2, len(stages) + 1):
        places = list(range(every, len(stages) + 1, every))
        alike = all(
            len({(one.width, bool(one.depth)) for one in stages[start : start + every - 1]}) == 1
            for start in range(0, len(stages), every)
        )
        still = not any(stages[place - 1].depth or stages[place - 1].widens for place in places)
        ends = (len(stages) + 1) % every == 0
        if alike and still and ends and doubled in (0, len(places)):
            return places
    return []


def _doubles(shapes: Shapes, name: str) -> bool:
    """Whether the parameter is the first of a residual block that doubles the picture, at the end of its stage."""
    found = re.fullmatch(r"output_blocks\.\d+\.[12]\.in_layers\.0\.weight", name)
    return found is not None


def _rows(shapes: Shapes, *names: str) -> int | None:
    return next((shapes[name][0] for name in names if name in shapes), None)


def _multiple(width: int, of: int) -> int | float:
    return width // of if width % of == 0 else width / of


def _one(values: Sequence[int]) -> int | tuple[int, ...]:
    """One number where all are the same, else one a level."""
    return values[0] if len(set(values)) == 1 else tuple(values)
