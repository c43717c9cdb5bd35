"""U-Nets as nodes: the architecture to train, and a trained one as a denoiser."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import noisegraph as ng

from .checkpoints.checkpoint import Checkpoint, CheckpointFile, opened
from .checkpoints.families import NAMED, Family, FamilyName
from .checkpoints.recognise import FoundUNet, found_unet
from .networks.unet_config import UNetConfig

if TYPE_CHECKING:
    from torch.nn import Module

AnyFamily = Literal["auto"] | FamilyName
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


@ng.node(early=True)
def architecture(*, config: UNetConfig = UNetConfig()) -> ng.Architecture:  # noqa: B008 (it is frozen)
    """A U-Net without weights, to be trained.

    config: what differs from a DDPM's U-Net for colour pictures: channels, levels, attention, conditions
    """
    return ng.Architecture(build, tuple((field.name, getattr(config, field.name)) for field in fields(config)))


def load_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `unet.load`: from the file's list of tensors, or where it is not there yet, from the family."""
    path, family = inputs.get("path"), inputs.get("family", "auto")
    if isinstance(path, str):
        checkpoint = opened(path)
        return known(found_unet(checkpoint, family, inputs.get("prediction", "auto")), checkpoint)
    return {"unet": _kinship(NAMED[family]), "latent": latent_facts(NAMED[family])} if family in NAMED else {}


def known(found: FoundUNet, checkpoint: Checkpoint) -> dict[str, ng.Facts]:
    """The facts of a checkpoint's U-Net and of its latents."""
    part = found.part
    told = {**_kinship(found.family), "weights": part.size(checkpoint), "dtype": part.dtype(checkpoint)}
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
    checkpoint = opened(path)
    found = found_unet(checkpoint, family, prediction)
    return LoadedUNet(network(found, checkpoint), found.process, latent_shape(found.family))


def denoiser_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `unet.denoiser`: what is known of its network, which it shares."""
    return {name: fact for name, fact in inputs["unet"].items() if name not in ("weights", "dtype")}


@ng.node(early=True, facts=denoiser_facts)
def denoiser(unet: ng.Network, condition: ng.Condition | None = None) -> ng.Denoiser:
    """A U-Net under one condition, as a denoiser.

    condition: what it is told beside the state: a label, words; none for a network that takes none
    """
    return ng.Conditioned(unet, {} if condition is None else condition)


@ng.hookimpl
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The nodes of this file."""
    return [architecture, load, denoiser]
