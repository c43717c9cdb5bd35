"""U-Nets as nodes: the architecture to train, and a trained one as a denoiser."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import noisegraph as ng
from pydantic import Field

from .checkpoints import conditions, diffusers_unet
from .checkpoints.checkpoint import Checkpoint, CheckpointFile, opened
from .checkpoints.control import beside as control_beside
from .checkpoints.control import configured, controls
from .checkpoints.families import NAMED, Family, FamilyName
from .checkpoints.lora import (
    OF_UNET,
    LoraFiles,
    beside,
    check_shapes,
    config_beneath,
    flat,
    layer_names,
    several,
    shapes_beneath,
    sides,
)
from .checkpoints.published import published
from .checkpoints.recognise import FoundUNet, found_unet
from .networks.buildable import flaws
from .networks.unet_config import UNetConfig
from .prompts import known as words

if TYPE_CHECKING:
    from torch.nn import Module

AnyFamily = Literal["auto"] | FamilyName
LORA = (*OF_UNET, "base_model.model.", "lycoris_")
"""How names in a LoRA begin that are for the U-Net."""
AnyPrediction = Literal["auto", "eps", "v", "x0"]


class LoadedUNet(NamedTuple):
    """A published U-Net and what it was trained on."""

    unet: ng.Network
    process: ng.Process
    latent: ng.Shape
    """The shape of one latent, or picture, of the size that it was trained on."""


def build(**config: Any) -> Module:
    """The U-Net of a configuration; torch is imported only now."""
    from .networks.unet import unet

    return unet(**config)


def architecture_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `unet.architecture`: nothing, but raises NodeError for what cannot be built."""
    config = inputs.get("config")
    if isinstance(config, UNetConfig) and (found := flaws(config)):
        raise ng.NodeError(f"no U-Net can be built so: {'; '.join(found)}", "change these numbers of the config")
    return {}


@ng.node(early=True, facts=architecture_facts)
def architecture(*, config: UNetConfig = UNetConfig()) -> ng.Architecture:  # noqa: B008 (it is frozen)
    """A U-Net without weights, to be trained.

    config: what differs from a DDPM's U-Net for colour pictures: channels, levels, attention, conditions
    """
    architecture_facts({"config": config})
    return ng.Architecture(build, tuple((field.name, getattr(config, field.name)) for field in fields(config)))


def load_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `unet.load`: from the file's list of tensors, or where it is not there yet, from the family."""
    path, family = inputs.get("path"), inputs.get("family", "auto")
    if isinstance(path, str):
        checkpoint = published(path)
        return known(found_unet(checkpoint, family, inputs.get("prediction", "auto")), checkpoint)
    if family not in NAMED:
        return {}
    found = NAMED[family]
    led = found.marks.get("attention") == "transformer"  # of other families the marks tell less
    told = {**_kinship(found), **({"reads": reads(found.marks, found.channels)} if led else {})}
    return {"unet": told, "latent": latent_facts(found)}


def reads(config: Mapping[str, Any], channels: int) -> ng.Facts:
    """What a U-Net of this configuration is told beside a state of so many channels."""
    beside = config["in_channels"] - channels
    return {"context": config.get("context_channels"), "vector": config.get("vector_channels"), "beside": beside}


def known(found: FoundUNet, checkpoint: Checkpoint) -> dict[str, ng.Facts]:
    """The facts of a checkpoint's U-Net and of its latents."""
    part = found.part
    told = {**_kinship(found.family), "weights": part.size(checkpoint), "dtype": part.dtype(checkpoint)}
    told["path"] = checkpoint.path
    told["reads"] = reads(found.config, found.family.channels)
    return {"unet": told, "latent": latent_facts(found.family)}


def latent_facts(family: Family) -> ng.Facts:
    """The facts of a family's latents."""
    return {"family": family.space or family.name, "sizes": latent_shape(family).sizes}


def latent_shape(family: Family) -> ng.Shape:
    """The shape of one latent of the size that the family was trained on."""
    return ng.Shape((family.channels, family.size // family.factor, family.size // family.factor))


def _kinship(family: Family) -> dict[str, Any]:
    return {"family": family.space or family.name, "model": family.name}


def network(found: FoundUNet, checkpoint: Checkpoint) -> ng.Network:
    """A checkpoint's U-Net as a value; its weights are read when it is first asked."""
    config = tuple(found.config.items())
    size = found.part.size(checkpoint)
    weights = ng.Weights(checkpoint.path, ng.digest(Path(checkpoint.path)), build, config, found.part, size)
    learned = found.config["out_channels"] == 2 * found.family.channels
    return ng.Network(weights, found.process, found.prediction, learned)


@ng.node(early=True, facts=load_facts)
def load(*, path: CheckpointFile, family: AnyFamily = "auto", prediction: AnyPrediction = "auto") -> LoadedUNet:
    """The U-Net of a published checkpoint, recognised by the names and shapes of its tensors.

    path: a safetensors, ckpt or pt file, or a folder in the layout of diffusers
    family: which it is taken for; auto finds out, and `noisegraph show FILE` tells why
    prediction: what its output means, where the file does not say (Stable Diffusion 2)
    """
    checkpoint = published(path)
    found = found_unet(checkpoint, family, prediction)
    return LoadedUNet(network(found, checkpoint), found.process, latent_shape(found.family))


def lora_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `unet.lora`; raises NodeError for a file that is for another network."""
    told = inputs.get("unet", {})
    if "path" in told:
        found, checkpoint = found_unet(opened(told["path"]), told["model"]), opened(told["path"])
        shapes = found.part.shapes(checkpoint)
        for path in several(inputs.get("path")):
            check_shapes(sides(opened(path), LORA, _layers(shapes, found.config)), shapes, path)
    return dict(told)


@ng.node(early=True, facts=lora_facts)
def lora(unet: ng.Network, *, path: LoraFiles, strength: Annotated[float, Field(ge=-10, le=10)] = 1.0) -> ng.Network:
    """A U-Net with a LoRA beside its layers (Hu et al. 2022); its own weights stay as they are. Several may follow.

    path: a LoRA with kohya's names or those of diffusers, or a list of some, which may be empty; what they have for
        text encoders is left to text.lora
    strength: of the branches; 0 is the network without them
    """
    if strength == 0:
        return unet
    for one in several(path):
        if controls(unet.weights):
            raise ng.NodeError(
                "a LoRA for a U-Net that is under control already", "put the LoRA first, then the control"
            )
        shapes = shapes_beneath(unet.weights)
        layers = _layers(shapes, config_beneath(unet.weights))
        unet = replace(unet, weights=beside(unet.weights, opened(one), LORA, layers, shapes, strength))
    return unet


def _layers(shapes: Mapping[str, tuple[int, ...]], config: Mapping[str, Any]) -> dict[str, str]:
    """What the U-Net's layers may be called in a file, without dots -> our name."""
    own = layer_names(shapes)
    made = UNetConfig(**config)
    attending = [factor in made.attention_resolutions for factor in made.factors]
    others = diffusers_unet.theirs(own, made.per_level(made.num_res_blocks), attending)
    return {flat(name): name for name in own} | {flat(other): name for name, other in others.items()}


def control_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `unet.control`; raises NodeError for a file that controls another network."""
    told, path = inputs.get("unet", {}), inputs.get("path")
    if isinstance(path, str):
        checkpoint = opened(path)
        base = found_unet(opened(told["path"]), told["model"]).config if "path" in told else {"out_channels": 4}
        configured(checkpoint, base)
    return dict(told)


@ng.node(early=True, facts=control_facts)
def control(
    unet: ng.Network, *, path: CheckpointFile, strength: Annotated[float, Field(ge=-10, le=10)] = 1.0
) -> ng.Network:
    """A U-Net under a ControlNet (Zhang et al. 2023), whose picture unet.hint gives. Several may follow one another.

    path: a ControlNet with its authors' names or those of diffusers
    strength: of what it adds; for a part of the steps only, wire the U-Net with it and that without it to guide.between
    """
    config = config_beneath(unet.weights)
    return replace(unet, weights=control_beside(unet.weights, config, path, ng.digest(Path(path)), strength))


def denoiser_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `unet.denoiser`: what is known of its network; raises NodeError for a condition of another."""
    told, condition = inputs["unet"], inputs.get("condition") or {}
    if condition.keys() & {"context", "words"} and "reads" in told:
        words.check(told["reads"], {"beside": 0, **condition})
    return {name: fact for name, fact in told.items() if name not in ("weights", "dtype", "path", "reads")}


@ng.node(early=True, facts=denoiser_facts)
def denoiser(unet: ng.Network, condition: ng.Condition | None = None) -> ng.Denoiser:
    """A U-Net under one condition, as a denoiser.

    condition: what it is told beside the state: a label, words; none for a network that takes none
    """
    return ng.Conditioned(unet, {} if condition is None else condition)


@ng.node(early=True)
def denoisers(unet: ng.Network, conditions: list[ng.Condition]) -> list[ng.Denoiser]:
    """A U-Net under each of some conditions, as text.schedule gives them, for guide.prompts."""
    return [ng.Conditioned(unet, condition) for condition in conditions]


@ng.hookimpl
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The nodes of this file."""
    return [architecture, load, lora, control, *conditions.NODES, denoiser, denoisers]
