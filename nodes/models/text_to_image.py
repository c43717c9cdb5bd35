"""The built-in text-to-image model, and what it stands on: a text encoder and an autoencoder."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import noisegraph as ng
from pydantic import Field

from .. import text, vae
from ..checkpoints import stored
from . import from_card, kinds
from .checked import checked
from .shipped import WEIGHTS, digest, model, shipped
from .shipped import facts as model_facts
from .trained import TrainedFile

AUTOENCODER, CLIP, TOKENIZER = "emoji-autoencoder", "emoji-clip", "emoji-tokenizer.json"
Own = TrainedFile | Annotated[list[TrainedFile], Field(max_length=1)]
"""The path of an autoencoder of one's own, or a list of none."""


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


def emoji_space_version(autoencoder: str | list[str] = []) -> str:  # noqa: B006 (it is not changed)
    """What the key of `model.emoji_space` depends on beside its code: the weights with their cards, and the words."""
    return stored.digest(_pictures(autoencoder).path) + digest(CLIP) + ng.digest(WEIGHTS / TOKENIZER)


def emoji_space_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `model.emoji_space` from its cards."""
    words = {"text": from_card.text_facts(shipped(CLIP))}
    own = inputs.get("autoencoder", [])
    if not isinstance(own, str | list):
        return words
    return {**words, **from_card.space_facts(_pictures(own))}


@ng.node(early=True, facts=emoji_space_facts, version=emoji_space_version)
def emoji_space(*, autoencoder: Own = []) -> WordsAndPictures:  # noqa: B006 (it comes from JSON, and is not changed)
    """The autoencoder and the text encoder of emoji, without a denoiser: what one is trained on.

    autoencoder: another, that noisegraph trained, for pictures that do not look like emoji; [] is that of emoji
    """
    words = from_card.text_encoder(shipped(CLIP), WEIGHTS / TOKENIZER)
    return WordsAndPictures(words, *from_card.space(_pictures(autoencoder)))


def _pictures(own: str | list[str]) -> stored.Stored:
    """The autoencoder of one's own, if one is named, or that of emoji."""
    paths = [own] if isinstance(own, str) else own
    return checked(paths[0], kinds.AUTOENCODER) if paths else shipped(AUTOENCODER)


def emoji_version() -> str:
    """What the key of `model.emoji` depends on beside its code."""
    return digest("emoji") + emoji_space_version()


def emoji_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `model.emoji` from its cards."""
    return {**emoji_space_facts(inputs), **model_facts("emoji", autoencoder=AUTOENCODER, clip=CLIP)(inputs)}


@ng.node(early=True, facts=emoji_facts, version=emoji_version)
def emoji() -> TextToImage:
    """Emoji of 64 x 64 pixels, drawn from words: the noisegraph project's own latent diffusion model."""
    drawn, words = model("emoji"), emoji_space()
    return TextToImage(drawn.unet, drawn.process, words.text, words.vae, words.latent)


NODES = (emoji, emoji_space)
