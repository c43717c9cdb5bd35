"""ControlNets in files, with the authors' names or those of diffusers, beside a U-Net that stays as it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import noisegraph as ng

from . import diffusers_unet, unet_structure
from .checkpoint import Checkpoint, opened
from .entry import Entries
from .kinds import refusal
from .part import Made, Part, own

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

_EXTRA = re.compile(r"controlnet_(cond_embedding\.(conv_in|blocks\.(\d+)|conv_out)|down_blocks\.(\d+)|mid_block)\.")
_PREFIXES = ("control_model.", "controlnet/", "")
_HEADS = ("num_heads", "num_head_channels")


def control_part(checkpoint: Checkpoint) -> Part:
    """The ControlNet of a checkpoint; raises NodeError where there is none."""
    for prefix in _PREFIXES:
        if f"{prefix}input_hint_block.0.weight" in checkpoint.entries:
            return Part(prefix)
        if f"{prefix}controlnet_cond_embedding.conv_in.weight" in checkpoint.entries:
            return Part(prefix, ours)
    hint = "its first layer would be 'input_hint_block.0' or 'controlnet_cond_embedding.conv_in'"
    raise refusal(checkpoint, "ControlNet", hint)


def ours(entries: Entries) -> dict[str, Made]:
    """The names of diffusers as ours."""
    extra = {name: found for name in entries if (found := _EXTRA.match(name))}
    rest = diffusers_unet.ours({name: entry for name, entry in entries.items() if name not in extra})
    return rest | own({_place(match) + name[match.end() :]: entries[name] for name, match in extra.items()})


def _place(found: re.Match[str]) -> str:
    """Where a layer stands that U-Nets have not; between those of the hint there are activations."""
    if found[4] is not None:
        return f"zero_convs.{found[4]}.0."
    if found[2] is None:
        return "middle_block_out.0."
    return f"input_hint_block.{ {'conv_in': 0, 'conv_out': 14}.get(found[2], 2 + 2 * int(found[3] or 0)) }."


def build(
    *,
    inner: Callable[..., Module],
    config: tuple[tuple[str, Any], ...],
    control: tuple[tuple[str, Any], ...],
    number: int,
    strength: float,
) -> Module:
    """The network of a configuration under control; torch is imported only now."""
    from ..networks.control import Controlled
    from ..networks.control import control as build_control

    return Controlled(inner(**dict(config)), build_control(**dict(control)), number, strength)


@dataclass(frozen=True)
class Beside:
    """The tensors of a network that is resident, shared, and those of the ControlNet beside it; an `ng.Reader`."""

    base: ng.Weights
    path: str
    part: Part

    def __call__(self, path: str) -> Iterator[tuple[str, Tensor]]:
        """Ours first."""
        yield from ((f"unet.{name}", value) for name, value in self.base.tensors().items())
        yield from ((f"control.{name}", value) for name, value in self.part(self.path))


def configured(checkpoint: Checkpoint, base: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration of a ControlNet for a U-Net; raises NodeError where it is for another one."""
    found = unet_structure.configured(control_part(checkpoint).shapes(checkpoint))
    found["out_channels"] = base["out_channels"]
    alike = ("model_channels", "channel_mult", "num_res_blocks", "context_channels", "vector_channels")
    other = [name for name in alike if name in base and found[name] != base[name]]
    if other:
        told = ", ".join(f"{name} {found[name]}, not {base[name]}" for name in other)
        raise ng.NodeError(f"'{checkpoint.path}' controls another network: {told}", "give one of the same family")
    return found | {name: base[name] for name in _HEADS if name in base}


def beside(base: ng.Weights, config: Mapping[str, Any], path: str, digest: str, strength: float) -> ng.Weights:
    """The weights of a U-Net under control; the U-Net's stay where and as they are."""
    checkpoint = opened(path)
    part = control_part(checkpoint)
    number = controls(base)
    control = configured(checkpoint, config)
    told = (
        ("inner", base.build),
        ("config", base.config),
        ("control", tuple(control.items())),
        ("number", number),
        ("strength", strength),
    )
    size = (base.size or 0) + part.size(checkpoint)
    return ng.Weights(base.path, f"{base.digest}+{digest}", build, told, Beside(base, path, part), size)


def controls(weights: ng.Weights) -> int:
    """How many ControlNets stand beside a network."""
    return int(dict(weights.config)["number"]) + 1 if weights.build is build else 0
