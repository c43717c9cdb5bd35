"""LoRA files as people share them, with kohya's names or those of diffusers: which layers of ours they stand beside."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import noisegraph as ng

from .checkpoint import Checkpoint, CheckpointFile, opened
from .entry import Entry
from .kinds import is_lora, refusal
from .part import Files, Part

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

OF_UNET = ("lora_unet_", "unet.")
"""How names in a LoRA begin that are for a U-Net, and for no other network."""
LoraFiles = CheckpointFile | list[CheckpointFile]
_ENDS = re.compile(
    r"(?P<layer>.+?)(?:\.processor)?(?:\.(?P<of>to_\w+?)_lora|_lora|\.lora_linear_layer|\.lora)?"
    r"[._](?P<part>lora_down|lora_up|lora_mid|lora_A|lora_B|down|up|alpha)(?:\.default(?:_\d+)?)?(?:\.weight)?"
)
_PARTS = {"lora_A": "down", "lora_B": "up", "lora_down": "down", "lora_up": "up", "lora_mid": "mid"}
_OTHERS = ("hada_", "lokr_", "oft_", "dora_scale", "diff")
"""Ways of adapting that are no low-rank branches."""


class Sides(NamedTuple):
    """What a file brings beside one layer: `down`, `up`, and perhaps `mid` and `alpha`."""

    layer: str
    parts: Mapping[str, Entry]

    @property
    def rank(self) -> int:
        """Of the branch."""
        return self.parts["down"].shape[0]


def several(path: Any) -> list[str]:
    """The files that a node was given: one, or some one on top of another; none where that is not known yet."""
    return [path] if isinstance(path, str) else list(path or ())


def sides(lora: Checkpoint, prefixes: tuple[str, ...], layers: Mapping[str, str]) -> list[Sides]:
    """What a file brings for one network, whose names begin with one of the prefixes.

    `layers`: what the network's layers may be called in a file -> our name. Raises NodeError for layers that it has not
    and for adaptations of another kind.
    """
    found: dict[str, dict[str, Entry]] = {}
    strange: list[str] = []
    for name, entry in lora.entries.items():
        prefix = next((one for one in prefixes if name.startswith(one)), None)
        if prefix is None:
            continue
        if any(word in name for word in _OTHERS):
            told = f"'{lora.path}' adapts '{name}', which is no low-rank branch"
            raise ng.NodeError(told, "LoHa, LoKr, OFT and DoRA are not known; give a LoRA")
        split = _ENDS.fullmatch(name[len(prefix) :])
        layer = None if split is None else layers.get(_called(split))
        if split is None or layer is None:
            strange.append(name)
            continue
        found.setdefault(layer, {})[_PARTS.get(split["part"], split["part"])] = entry
    whole = [Sides(layer, parts) for layer, parts in found.items() if {"down", "up"} <= parts.keys()]
    if strange or len(whole) < len(found):
        odd = strange or [layer for layer, parts in found.items() if not {"down", "up"} <= parts.keys()]
        told = f"'{lora.path}' is for another network: {len(odd)} of its tensors fit no layer, {odd[0]} among them"
        raise ng.NodeError(told, "give a LoRA that was trained for this family of models")
    return whole


def _called(split: re.Match[str]) -> str:
    """The layer that a name is of, however its words are joined."""
    inner = {"to_out": "to_out.0", None: ""}.get(split["of"], split["of"])
    return flat(f"{split['layer']}.{inner}" if inner else split["layer"])


def flat(name: str) -> str:
    """A layer's name as kohya writes it, without dots."""
    return name.replace(".", "_")


def check_shapes(found: list[Sides], shapes: Mapping[str, tuple[int, ...]], path: str) -> None:
    """Raise NodeError where a branch does not fit between what its layer reads and what it puts out."""
    for side in found:
        rows, columns = shapes[f"{side.layer}.weight"][:2]
        if any(len(side.parts[part].shape) < 2 or not side.parts[part].numel for part in ("up", "down")):
            raise ng.NodeError(f"'{path}' has no matrices for '{side.layer}'", "it is damaged: download it again")
        ends = side.parts["up"].shape[0], side.parts["down"].shape[1]
        if ends != (rows, columns):
            told = f"'{path}' has {ends[1]} to {ends[0]} channels for '{side.layer}', which has {columns} to {rows}"
            raise ng.NodeError(told, "give a LoRA that was trained for this family of models")


def described(found: list[Sides]) -> tuple[tuple[Any, ...], ...]:
    """What a module is built from: the layer, rank, kernel and middle of each branch."""
    told = []
    for side in found:
        across = side.parts.get("mid", side.parts["down"]).shape[2:4] or (1, 1)
        told.append((side.layer, side.rank, across, "mid" in side.parts))
    return tuple(told)


def build(
    *, inner: Callable[..., Module], config: tuple[tuple[str, Any], ...], sides: Any, name: str, strength: float
) -> Module:
    """The network of a configuration with branches beside its layers; torch is imported only now."""
    from ..networks.branches import Side, branched

    return branched(inner(**dict(config)), tuple(Side(*side) for side in sides), name, strength)


@dataclass(frozen=True)
class Beside:
    """The tensors of a network that is resident, shared, and those of the branches beside it; an `ng.Reader`."""

    base: ng.Weights
    lora: str
    prefixes: tuple[str, ...]
    layers: tuple[tuple[str, str], ...]
    """Flat name -> our name, of the layers that have branches."""
    name: str

    def __call__(self, path: str) -> Iterator[tuple[str, Tensor]]:
        """Ours first, then the branches with alpha / rank in `up`."""
        yield from self.base.tensors().items()
        files = Files()
        for side in sides(opened(self.lora), self.prefixes, dict(self.layers)):
            for part in ("down", "mid", "up"):
                if part in side.parts:
                    value = files.tensor(side.parts[part])
                    yield f"{side.layer}.branches.{self.name}.{part}.weight", value * _factor(part, side, files)


def _factor(part: str, side: Sides, files: Files) -> float:
    if part != "up" or "alpha" not in side.parts:
        return 1.0
    return float(files.tensor(side.parts["alpha"])) / side.rank


def beside(
    base: ng.Weights,
    lora: Checkpoint,
    prefixes: tuple[str, ...],
    layers: Mapping[str, str],
    shapes: Mapping[str, tuple[int, ...]],
    strength: float,
) -> ng.Weights:
    """The weights with a file's branches beside them; the base's stay where and as they are. Raises NodeError."""
    found = sides(lora, prefixes, layers)
    if not found:
        if not is_lora(lora):
            raise refusal(lora, "LoRA", "give a file of low-rank branches")
        raise ng.NodeError(f"'{lora.path}' brings nothing for this network", "give a LoRA that was trained for it")
    check_shapes(found, shapes, lora.path)
    name = str(int(dict(base.config)["name"]) + 1) if base.build is build else "0"
    ours = {side.layer for side in found}
    needed = tuple((other, layer) for other, layer in sorted(layers.items()) if layer in ours)
    config = (
        ("inner", base.build),
        ("config", base.config),
        ("sides", described(found)),
        ("name", name),
        ("strength", strength),
    )
    digest = f"{base.digest}+{ng.digest(Path(lora.path))}"
    return ng.Weights(base.path, digest, build, config, Beside(base, lora.path, prefixes, needed, name), base.size)


def root(weights: ng.Weights) -> ng.Weights:
    """The weights that others stand beside."""
    return root(weights.read.base) if isinstance(weights.read, Beside) else weights


def shapes_beneath(weights: ng.Weights) -> dict[str, tuple[int, ...]]:
    """The shapes of a network's own tensors, without those beside it."""
    base = root(weights)
    part = base.read if isinstance(base.read, Part) else Part()
    return part.shapes(opened(base.path))


def config_beneath(weights: ng.Weights) -> dict[str, Any]:
    """The configuration of a network without what stands beside it."""
    told = dict(weights.config)
    while "inner" in told:
        told = dict(told["config"])
    return told


def layer_names(shapes: Mapping[str, tuple[int, ...]]) -> list[str]:
    """The layers that may have branches."""
    return [name.removesuffix(".weight") for name, shape in shapes.items() if len(shape) > 1]
