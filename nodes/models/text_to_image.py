"""The built-in text-to-image model, and what it stands on: a text encoder and an autoencoder."""

from __future__ import annotations

from typing import NamedTuple

import noisegraph as ng

from .. import text, vae
from ..networks.autoencoder_config import AutoencoderConfig
from ..networks.unet_config import tupled
from .shipped import WEIGHTS, digest, process, read_card, size, weights

AUTOENCODER, CLIP, TOKENIZER = "emoji-autoencoder", "emoji-clip", "emoji-tokenizer.json"


class WordsAndPictures(NamedTuple):
    """What a latent text-to-image model stands on: words and pictures as the denoiser knows them."""

    text: text.TextEncoder
    vae: vae.Autoencoder
    latent: ng.Shape
    """The shape of one latent."""


class TextToImage(NamedTuple):
    """A latent diffusion model of pictures from words."""

    unet: ng.Network
    process: ng.Process
    text: text.TextEncoder
    vae: vae.Autoencoder
    latent: ng.Shape
    """The shape of one latent."""


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


def emoji_version() -> str:
    """What the key of `model.emoji` depends on beside its code."""
    return digest("emoji") + emoji_space_version()


def emoji_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `model.emoji` from its cards."""
    space = emoji_space_facts(inputs)
    return {**space, "unet": {**space["latent"], "weights": size("emoji")}}


@ng.node(early=True, facts=emoji_facts, version=emoji_version)
def emoji() -> TextToImage:
    """Emoji of 64 x 64 pixels, drawn from words: the noisegraph project's own latent diffusion model."""
    card = read_card("emoji")
    own = process(card)
    network = ng.Network(weights("emoji", card["network"]), own, card["prediction"])
    return TextToImage(network, own, *emoji_space())


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


NODES = (emoji, emoji_space)
