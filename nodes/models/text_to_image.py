"""The built-in text-to-image model, and what it stands on: a text encoder and an autoencoder."""

from __future__ import annotations

from typing import NamedTuple

import noisegraph as ng

from .. import text, vae
from . import from_card
from .shipped import WEIGHTS, digest, model, shipped, space_facts
from .shipped import facts as model_facts

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
    return digest(AUTOENCODER) + digest(CLIP) + ng.digest(WEIGHTS / TOKENIZER)


def emoji_space_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `model.emoji_space` from its cards."""
    return {**space_facts(AUTOENCODER, "emoji")(inputs), "text": from_card.text_facts(shipped(CLIP), "emoji")}


@ng.node(early=True, facts=emoji_space_facts, version=emoji_space_version)
def emoji_space() -> WordsAndPictures:
    """The autoencoder and the text encoder of emoji, without a denoiser: what one is trained on."""
    words = from_card.text_encoder(shipped(CLIP), WEIGHTS / TOKENIZER)
    return WordsAndPictures(words, *from_card.space(shipped(AUTOENCODER)))


def emoji_version() -> str:
    """What the key of `model.emoji` depends on beside its code."""
    return digest("emoji") + emoji_space_version()


def emoji_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `model.emoji` from its cards."""
    return {**emoji_space_facts(inputs), **model_facts("emoji", "emoji")(inputs)}


@ng.node(early=True, facts=emoji_facts, version=emoji_version)
def emoji() -> TextToImage:
    """Emoji of 64 x 64 pixels, drawn from words: the noisegraph project's own latent diffusion model."""
    drawn, words = model("emoji"), emoji_space()
    return TextToImage(drawn.unet, drawn.process, words.text, words.vae, words.latent)


NODES = (emoji, emoji_space)
