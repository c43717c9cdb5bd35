"""What training stored as values: cards are read at once, weights when a network is first asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import noisegraph as ng

from .. import text, vae
from ..checkpoints.origin import Origin, origin
from ..checkpoints.stored import Stored, digest, size
from ..classifier import LabelClassifier
from ..networks.autoencoder_config import AutoencoderConfig
from ..networks.prior_config import PriorConfig
from ..networks.unet_config import UNetConfig, tupled
from ..unet import reads
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


def model_facts(of: Stored, family: Origin | str | None = None, words: Origin | None = None) -> ng.Facts:
    """What is known of a denoiser from its card; `reads`: what it is told beside the state.

    family, words: whose latents and words it knows, where the card does not say
    """
    whose, said = family or _told(of, "autoencoder"), words or _told(of, "encoder")
    latent = {"sizes": tuple(of.card["shape"]), **({} if whose is None else {"family": whose})}
    read = {**_reads(of), **({} if said is None else {"words": said})}
    return {"latent": latent, "unet": {**latent, "weights": size(of.path), "reads": read}}


def _told(of: Stored, what: str) -> Origin | str | None:
    """What a card says of where latents or words come from."""
    told = of.card.get(what)
    return Origin(**told) if isinstance(told, Mapping) else told


def _reads(of: Stored) -> ng.Facts:
    """What a network is told beside the state, as far as words go."""
    config = tupled(of.card["network"])
    if kind_of(of).config is UNetConfig:
        return reads(asdict(UNetConfig(**config)), of.card["shape"][0])
    return {"context": PriorConfig(**config).context_channels} if kind_of(of).config is PriorConfig else {}


def space_facts(of: Stored) -> ng.Facts:
    """What is known of an autoencoder from its card."""
    (made, latent), whose = space(of), origin(of.path)
    known = {"family": whose, "factor": made.factor, "channels": made.channels, "weights": size(of.path)}
    return {"vae": known, "latent": {"family": whose, "sizes": latent.sizes}}


def text_facts(of: Stored) -> ng.Facts:
    """What is known of a CLIP's texts from its card: who says its `words`, how wide the states of their tokens are."""
    return {"words": origin(of.path), "weights": size(of.path), "context": of.card["network"]["text_width"]}
