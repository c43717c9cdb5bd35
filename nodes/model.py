"""Models, built in or in a file: what they are is read at once, their weights when a network is first asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import noisegraph as ng

from . import text, unet, vae
from .checkpoints import first_stage
from .checkpoints.checkpoint import Checkpoint, CheckpointFile
from .checkpoints.describe import described
from .checkpoints.families import NAMED
from .checkpoints.locate import text_parts
from .checkpoints.published import published
from .checkpoints.recognise import FoundUNet, found_autoencoder, found_unet
from .models import digits, points, text_to_image, trained
from .models import emoji as emoji_models
from .models.from_card import Labelled
from .models.shipped import digest, labelled, labelled_facts, version
from .models.told import described as trained_described
from .prompts import loading


class LoadedModel(NamedTuple):
    """What a published checkpoint holds; a network that it has not says so when it is asked."""

    unet: ng.Network
    vae: vae.Autoencoder
    process: ng.Process
    latent: ng.Shape
    """The shape of one latent, or picture, of the size that it was trained on."""
    text: text.TextEncoder


def digit_version() -> str:
    """What the key of `model.digit` depends on beside its code."""
    return digest("digit")


@ng.node(early=True, facts=labelled_facts("digit", "digit"), version=digit_version)
def digit() -> Labelled:
    """Handwritten digits of 8 x 8 pixels, drawn by label: the noisegraph project's own DDPM."""
    return labelled("digit")


@ng.node(early=True, facts=labelled_facts("digit-improved", "digit"), version=version("digit-improved"))
def digit_improved() -> Labelled:
    """Handwritten digits of 8 x 8 pixels, drawn by label, with a learned variance: an improved DDPM."""
    return labelled("digit-improved")


def load_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `model.load`: from the file's list of tensors, or where it is not there yet, from the family."""
    path, family = inputs.get("path"), inputs.get("family", "auto")
    if isinstance(path, str):
        checkpoint = published(path)
        found = found_unet(checkpoint, family, inputs.get("prediction", "auto"))
        first = found_autoencoder(checkpoint)
        told = first_stage.absent_facts(found.family, path)
        if first is not None:
            told = first_stage.known(first, found.family, checkpoint)
        return {**unet.known(found, checkpoint), "vae": told, "text": loading.facts(checkpoint)}
    if family not in NAMED:
        return {}
    told = {**unet.load_facts(inputs), "vae": first_stage.expected(NAMED[family])}
    reads = told["unet"].get("reads")
    return {**told, "text": loading.expected(NAMED[family], reads["context"])} if reads else told


@ng.node(early=True, facts=load_facts, version=loading.vocabulary_version)
def load(
    *, path: CheckpointFile, family: unet.AnyFamily = "auto", prediction: unet.AnyPrediction = "auto"
) -> LoadedModel:
    """A published model in one file or folder, recognised by the names and shapes of its tensors.

    path: a safetensors, ckpt or pt file, or a folder in the layout of diffusers
    family: which it is taken for; auto finds out, and `noisegraph show FILE` tells why
    prediction: what its U-Net puts out, where the file does not say (Stable Diffusion 2)
    """
    checkpoint = published(path)
    found = found_unet(checkpoint, family, prediction)
    network = unet.network(found, checkpoint)
    shape = unet.latent_shape(found.family)
    words = loading.loaded(checkpoint) if text_parts(checkpoint) else loading.absent(path)
    return LoadedModel(network, _first_stage(found, checkpoint), found.process, shape, words)


def _first_stage(found: FoundUNet, checkpoint: Checkpoint) -> vae.Autoencoder:
    first = found_autoencoder(checkpoint)
    if first is None:
        return first_stage.absent(found.family, checkpoint.path)
    return first_stage.autoencoder(first, found.family, checkpoint, None)


@ng.hookimpl
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The nodes of this file."""
    built_in = [*digits.NODES, *points.NODES, *text_to_image.NODES, *emoji_models.NODES]
    return [digit, digit_improved, load, *trained.NODES, *built_in]


@ng.hookimpl
def noisegraph_describers() -> Sequence[ng.Describer]:
    """Tell what noisegraph trained, and what a checkpoint is."""
    return [ng.Describer("trained", trained_described), ng.Describer("checkpoint", described)]
