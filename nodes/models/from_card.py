"""What training stored as values: cards are read at once, weights when a network is first asked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import noisegraph as ng

from .. import text, vae
from ..checkpoints.stored import Stored, digest, size
from ..classifier import LabelClassifier
from ..networks.autoencoder_config import AutoencoderConfig
from ..networks.unet_config import tupled
from .eight_bits import EightBits
from .kinds import kind_of

PROCESSES = ("DiscreteVP", "GeometricVE", "EDM", "Flow", "ContinuousVP", "SubVP")
"""The names that cards give them."""


class Model(NamedTuple):
    """A network, the process it was trained on, and what it draws."""

    unet: ng.Network
    process: ng.Process
    latent: ng.Shape
    """The shape of one item, without noise of about unit variance or in [-1, 1]."""


class Labelled(NamedTuple):
    """A class-conditional model."""

    unet: ng.Network
    process: ng.Process
    latent: ng.Shape
    """The shape of one item, without noise of about unit variance or in [-1, 1]."""
    classes: int
    """How many labels there are; the empty label is the one after them."""


class Space(NamedTuple):
    """An autoencoder, and the shape of one latent."""

    vae: vae.Autoencoder
    latent: ng.Shape


def weights(of: Stored, content: str | None = None) -> ng.Weights:
    """The weights of what a card describes, to be loaded when they are first asked for."""
    config = tuple(tupled(of.card["network"]).items())
    read = EightBits() if of.card.get("stored") == "int8" else None
    return ng.Weights(str(of.path), content or digest(of.path), kind_of(of).build, config, read)


def process(card: Mapping[str, Any]) -> ng.Process:
    """The process that a card describes."""
    told = dict(card["process"])
    kind = told.pop("kind")
    made: ng.Process = getattr(ng, kind)(**told)
    return made


def model(of: Stored) -> Model:
    """The denoiser that a card describes."""
    own = process(of.card)
    network = ng.Network(weights(of), own, of.card["prediction"], of.card.get("learned_variance", False))
    return Model(network, own, ng.Shape(tuple(of.card["shape"])))


def space(of: Stored) -> Space:
    """The autoencoder that a card describes; raises NodeError for a shape that it cannot halve."""
    config = AutoencoderConfig(**tupled(of.card["network"]))
    made = vae.Autoencoder(weights(of), of.card["scale"], config.factor, config.embed_dim)
    return Space(made, ng.Shape(vae.latent_sizes(of.card["shape"], made.factor, made.channels)))


def classifier(of: Stored) -> LabelClassifier:
    """The classifier that a card describes."""
    made = ng.Network(weights(of), process(of.card), "x0")
    return LabelClassifier(made, of.card["classes"], tuple(of.card["shape"]))


def text_encoder(of: Stored, tokenizer: Path) -> text.TextEncoder:
    """The CLIP that a card describes, with the tokenizer that it was trained with."""
    content = digest(of.path) + ng.digest(tokenizer)
    return text.TextEncoder(weights(of, content), str(tokenizer), of.card["network"]["length"])


def model_facts(of: Stored, family: str | None = None) -> ng.Facts:
    """What is known of a denoiser from its card; `family`: whose latents they are, where that is known."""
    latent = {"sizes": tuple(of.card["shape"]), **({} if family is None else {"family": family})}
    return {"latent": latent, "unet": {**latent, "weights": size(of.path)}}


def space_facts(of: Stored, family: str | None = None) -> ng.Facts:
    """What is known of an autoencoder from its card."""
    made, latent = space(of)
    whose = {} if family is None else {"family": family}
    known = {**whose, "factor": made.factor, "channels": made.channels, "weights": size(of.path)}
    return {"vae": known, "latent": {**whose, "sizes": latent.sizes}}


def text_facts(of: Stored, family: str | None = None) -> ng.Facts:
    """What is known of a CLIP's texts from its card; `context`: how wide the states of their tokens are."""
    whose = {} if family is None else {"family": family}
    return {**whose, "weights": size(of.path), "context": of.card["network"]["text_width"]}
