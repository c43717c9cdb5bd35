"""The names of U-Nets in the layout of diffusers, as ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from .entry import Entries, Entry
from .part import Made

_ENDS = {
    "conv_in.": "input_blocks.0.0.",
    "time_embedding.linear_1.": "time_embed.0.",
    "time_embedding.linear_2.": "time_embed.2.",
    "add_embedding.linear_1.": "label_emb.0.0.",
    "add_embedding.linear_2.": "label_emb.0.2.",
    "class_embedding.linear_1.": "label_emb.0.0.",
    "class_embedding.linear_2.": "label_emb.0.2.",
    "class_embedding.": "label_emb.",
    "mid_block.resnets.0.": "middle_block.0.",
    "mid_block.attentions.0.": "middle_block.1.",
    "mid_block.resnets.1.": "middle_block.2.",
    "conv_norm_out.": "out.0.",
    "conv_out.": "out.2.",
}
_RESNET = {
    "norm1.": "in_layers.0.",
    "conv1.": "in_layers.2.",
    "time_emb_proj.": "emb_layers.1.",
    "norm2.": "out_layers.0.",
    "conv2.": "out_layers.3.",
    "conv_shortcut.": "skip_connection.",
    "conv.": "op.",
}
"""Within a residual block; `conv` is that of a downsampler."""
_ATTENTION = {"group_norm.": "norm.", "to_out.0.": "proj_out.", "proj_attn.": "proj_out."}
_QKV = (("to_q", "to_k", "to_v"), ("query", "key", "value"))
_ENCODER_KV = ("add_k_proj", "add_v_proj")


def ours(entries: Entries) -> dict[str, Made]:
    """What each parameter of ours is made of; names that no U-Net of diffusers has stay as they are."""
    places = _ENDS | _blocks(entries, "down_blocks", "downsamplers") | _blocks(entries, "up_blocks", "upsamplers")
    found: dict[str, Made] = {}
    for name, entry in entries.items():
        place = next((one for one in _prefixes(name) if one in places), "")
        found |= _inside(places.get(place, ""), name[len(place) :], entry, entries, place)
    return found


def theirs(names: Iterable[str], blocks: Sequence[int], attending: Sequence[bool]) -> dict[str, str]:
    """What diffusers calls layers of ours, for a U-Net of so many blocks at each size: our name -> theirs."""
    last = len(blocks) - 1
    there = {f"down_blocks.{level}.downsamplers.0.conv.weight" for level in range(last)}
    there |= {f"up_blocks.{level}.upsamplers.0.conv.weight" for level in range(last)}
    for side, more in (("down_blocks", 0), ("up_blocks", 1)):
        for level, count in enumerate(blocks):
            block = last - level if more else level
            kinds = ("resnets", "attentions") if attending[level] else ("resnets",)
            there |= {f"{side}.{block}.{kind}.{index}.x.y" for kind in kinds for index in range(count + more)}
    entries = {name: Entry((), "", "", name) for name in there}
    places = _ENDS | _blocks(entries, "down_blocks", "downsamplers") | _blocks(entries, "up_blocks", "upsamplers")
    back = {ours: prefix for prefix, ours in places.items()}
    inner = {ours: name for name, ours in _RESNET.items()}
    found = {}
    for name in names:
        place = next((one for one in _prefixes(f"{name}.") if one in back), "")
        found[name] = (back.get(place, "") + _renamed(f"{name}."[len(place) :], inner)).removesuffix(".")
    return found


def _prefixes(name: str) -> Iterable[str]:
    """The beginnings of a name that end with a dot, the longest first."""
    parts = name.split(".")
    return (".".join(parts[:length]) + "." for length in range(len(parts) - 1, 0, -1))


def _blocks(entries: Entries, side: str, resamplers: str) -> dict[str, str]:
    """Where the layers of the encoder, or the decoder, stand among ours: their prefix -> our prefix."""
    layers = _layers(entries, side)
    found: dict[str, str] = {}
    position = 1 if side == "down_blocks" else 0
    stages = "input_blocks" if side == "down_blocks" else "output_blocks"
    for block in sorted({block for block, _, _ in layers}):
        count = max((index for one, kind, index in layers if (one, kind) == (block, "resnets")), default=-1) + 1
        for index in range(count):
            found[f"{side}.{block}.resnets.{index}."] = f"{stages}.{position}.0."
            found[f"{side}.{block}.attentions.{index}."] = f"{stages}.{position}.1."
            position += 1
        if (block, resamplers, 0) in layers and side == "down_blocks":
            found[f"{side}.{block}.{resamplers}.0."] = f"{stages}.{position}.0."
            position += 1
        elif (block, resamplers, 0) in layers:
            last = 2 if (block, "attentions", count - 1) in layers else 1
            found[f"{side}.{block}.{resamplers}.0."] = f"{stages}.{position - 1}.{last}."
    return found


def _layers(entries: Entries, side: str) -> set[tuple[int, str, int]]:
    """The layers that there are: (block, kind, number)."""
    parts = (name.split(".") for name in entries if name.startswith(f"{side}."))
    return {
        (int(part[1]), part[2], int(part[3]))
        for part in parts
        if len(part) > 4 and part[1].isdigit() and part[3].isdigit()
    }


def _inside(place: str, rest: str, entry: Entry, entries: Entries, before: str) -> Mapping[str, Made]:
    """The parameter of ours at a place that an entry belongs to, or nothing where another one brings it."""
    if ".attentions." in before and f"{before}group_norm.weight" in entries:
        return _block_attention(place, rest, entry, entries, before)
    enlarges = "upsamplers." in before and rest.startswith("conv.")
    inner = _RESNET if (".resnets." in before or "samplers." in before) and not enlarges else {}
    return {place + _renamed(rest, inner): Made((entry,), entry.shape)}


def _block_attention(place: str, rest: str, entry: Entry, entries: Entries, before: str) -> Mapping[str, Made]:
    """One attention without transformer blocks: queries, keys and values are one layer with us."""
    kind, _, end = rest.partition(".")
    for names, joined in (*((names, "qkv") for names in _QKV), (_ENCODER_KV, "encoder_kv")):
        if kind == names[0]:
            sources = tuple(entries[f"{before}{name}.{end}"] for name in names)
            return {f"{place}{joined}.{end}": Made(sources, _stacked(sources))}
        if kind in names:
            return {}
    return {place + _renamed(rest, _ATTENTION): Made((entry,), _stacked((entry,)))}


def _renamed(rest: str, names: Mapping[str, str]) -> str:
    start = next((one for one in names if rest.startswith(one)), "")
    return names.get(start, "") + rest[len(start) :]


def _stacked(sources: tuple[Entry, ...]) -> tuple[int, ...]:
    """The shape of linear layers one above the other: matrices become one convolution over places."""
    rows = sum(source.shape[0] for source in sources)
    return (rows, *sources[0].shape[1:2], 1) if len(sources[0].shape) > 1 else (rows,)
