"""Models, built in or in a file: what they are is read at once, their weights when a network is first asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import noisegraph as ng

from . import text, unet, vae
from .checkpoints.checkpoint import Checkpoint, CheckpointFile, opened
from .checkpoints.describe import described
from .checkpoints.families import NAMED
from .checkpoints.recognise import FoundUNet, found_autoencoder, found_unet
from .models import digits
from .models.shipped import WEIGHTS, digest, process, read_card, size, weights
from .networks.autoencoder_config import AutoencoderConfig
from .networks.unet_config import tupled

AUTOENCODER, CLIP, TOKENIZER = "emoji-autoencoder", "emoji-clip", "emoji-tokenizer.json"


class LabelledModel(NamedTuple):
    """A class-conditional model of pictures in pixel space."""

    unet: ng.Network
    process: ng.Process
    latent: ng.Shape
    """The shape of one picture, values in [-1, 1]."""
    classes: int
    """How many labels there are; the empty label is the one after them."""


class WordsAndPictures(NamedTuple):
    """What a latent text-to-image model stands on: words and pictures as the denoiser knows them."""

    text: text.TextEncoder
    vae: vae.Autoencoder
    latent: ng.Shape
    """The shape of one latent."""


class LoadedModel(NamedTuple):
    """What a published checkpoint holds; a network that it has not says so when it is asked."""

    unet: ng.Network
    vae: vae.Autoencoder
    process: ng.Process
    latent: ng.Shape
    """The shape of one latent, or picture, of the size that it was trained on."""


def digit_version() -> str:
    """What the key of `model.digit` depends on beside its code."""
    return digest("digit")


def digit_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `model.digit` from its card."""
    card = read_card("digit")
    latent = {"family": "digit", "sizes": tuple(card["shape"])}
    return {"classes": card["classes"], "latent": latent, "unet": {**latent, "weights": size("digit")}}


@ng.node(early=True, facts=digit_facts, version=digit_version)
def digit() -> LabelledModel:
    """Handwritten digits of 8 x 8 pixels, drawn by label: the noisegraph project's own DDPM."""
    card = read_card("digit")
    own = process(card)
    network = ng.Network(weights("digit", card["network"]), own, card["prediction"])
    return LabelledModel(network, own, ng.Shape(tuple(card["shape"])), card["classes"])


def emoji_space_version() -> str:
    """What the key of `model.emoji_space` depends on beside its code."""
    return digest(AUTOENCODER) + _clip_digest()


def emoji_space_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `model.emoji_space` from its cards."""
    made = _autoencoder()
    known = {"family": "emoji", "factor": made.factor, "channels": made.channels, "weights": size(AUTOENCODER)}
    return {
        "vae": known,
        "latent": {"family": "emoji", "sizes": _latent_shape().sizes},
        "text": {"family": "emoji", "weights": size(CLIP)},
    }


@ng.node(early=True, facts=emoji_space_facts, version=emoji_space_version)
def emoji_space() -> WordsAndPictures:
    """The autoencoder and the text encoder of emoji, without a denoiser: what one is trained on."""
    return WordsAndPictures(_text_encoder(), _autoencoder(), _latent_shape())


def load_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `model.load`: from the file's list of tensors, or where it is not there yet, from the family."""
    path, family = inputs.get("path"), inputs.get("family", "auto")
    if isinstance(path, str):
        checkpoint = opened(path)
        found = found_unet(checkpoint, family, inputs.get("prediction", "auto"))
        first = found_autoencoder(checkpoint)
        told = vae.absent_facts(found.family, path) if first is None else vae.known(first, found.family, checkpoint)
        return {**unet.known(found, checkpoint), "vae": told}
    return {**unet.load_facts(inputs), "vae": vae.expected(NAMED[family])} if family in NAMED else {}


@ng.node(early=True, facts=load_facts)
def load(
    *, path: CheckpointFile, family: unet.AnyFamily = "auto", prediction: unet.AnyPrediction = "auto"
) -> LoadedModel:
    """A published model in one file or folder, recognised by the names and shapes of its tensors.

    path: a safetensors, ckpt or pt file, or a folder in the layout of diffusers
    family: which it is taken for; auto finds out, and `noisegraph show FILE` tells why
    prediction: what its U-Net puts out, where the file does not say (Stable Diffusion 2)
    """
    checkpoint = opened(path)
    found = found_unet(checkpoint, family, prediction)
    network = unet.network(found, checkpoint)
    return LoadedModel(network, _first_stage(found, checkpoint), found.process, unet.latent_shape(found.family))


def _first_stage(found: FoundUNet, checkpoint: Checkpoint) -> vae.Autoencoder:
    first = found_autoencoder(checkpoint)
    if first is None:
        return vae.absent(found.family, checkpoint.path)
    return vae.autoencoder(first, found.family, checkpoint, None)


def _autoencoder() -> vae.Autoencoder:
    card = read_card(AUTOENCODER)
    config = AutoencoderConfig(**tupled(card["network"]))
    made = weights(AUTOENCODER, card["network"], vae.build)
    return vae.Autoencoder(made, card["scale"], config.factor, config.embed_dim)


def _latent_shape() -> ng.Shape:
    made = _autoencoder()
    return ng.Shape(vae.latent_sizes(read_card(AUTOENCODER)["shape"], made.factor, made.channels))


def _text_encoder() -> text.TextEncoder:
    card = read_card(CLIP)
    made = weights(CLIP, card["network"], text.build, _clip_digest())
    return text.TextEncoder(made, str(WEIGHTS / TOKENIZER), card["network"]["length"])


def _clip_digest() -> str:
    """The content hash of the CLIP and its tokenizer."""
    from blake3 import blake3

    return str(blake3((WEIGHTS / TOKENIZER).read_bytes() + digest(CLIP).encode()).hexdigest())


@ng.hookimpl
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The nodes of this file."""
    return [digit, emoji_space, load, *digits.NODES]


@ng.hookimpl
def noisegraph_describers() -> Sequence[ng.Describer]:
    """Tells what a checkpoint is."""
    return [ng.Describer("checkpoint", described)]
