"""The built-in models of handwritten digits beside `model.digit`."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import noisegraph as ng

from .. import network, vae
from ..classifier import LabelClassifier
from ..networks.autoencoder_config import AutoencoderConfig
from ..networks.unet_config import tupled
from .shipped import Model, facts, model, process, read_card, size, version, weights

CLASSIFIER, SCORES, CODES = "digit-classifier", "digit-scores", "digit-codes"
LATENTS, SCENES, LAYOUTS = "digit-latents", "digit-scenes", "digit-layouts"
SMALL, UPSAMPLER, SHARPENING = "digit-small", "digit-upsampler", "digit-sharpening"
CLASSES = 10


class Space(NamedTuple):
    """An autoencoder, and the shape of one latent."""

    vae: vae.Autoencoder
    latent: ng.Shape


class Labelled(NamedTuple):
    """A class-conditional model of latents, or of pictures."""

    unet: ng.Network
    process: ng.Process
    latent: ng.Shape
    classes: int
    """How many labels there are; the empty label is the one after them."""


def classifier_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `model.digit_classifier` from its card."""
    return {"classes": read_card(CLASSIFIER)["classes"], "weights": size(CLASSIFIER)}


@ng.node(early=True, facts=classifier_facts, version=version(CLASSIFIER))
def digit_classifier() -> LabelClassifier:
    """Which digit a noisy picture of 8 x 8 pixels shows: what guides `model.digit`, and judges digits."""
    card = read_card(CLASSIFIER)
    made = ng.Network(weights(CLASSIFIER, card["network"], network.build_classifier), process(card), "x0")
    return LabelClassifier(made, card["classes"], tuple(card["shape"]))


@ng.node(early=True, facts=facts(SCORES, "digit"), version=version(SCORES))
def digit_scores() -> Model:
    """Handwritten digits by their score at a ladder of noise, for annealed Langevin dynamics: an NCSN."""
    return model(SCORES, network.build_ncsn)


def space_facts(name: str, family: str) -> Callable[[ng.Facts], ng.Facts]:
    """What is known of an autoencoder's node from its card."""

    def known(inputs: ng.Facts) -> ng.Facts:
        made, latent = _space(name)
        found = {"family": family, "factor": made.factor, "channels": made.channels, "weights": size(name)}
        return {"vae": found, "latent": {"family": family, "sizes": latent.sizes}}

    return known


@ng.node(early=True, facts=space_facts(CODES, "digit codes"), version=version(CODES))
def digit_codes() -> Space:
    """Handwritten digits as 4 x 4 entries of a codebook, and back: a VQ autoencoder."""
    return _space(CODES)


@ng.node(early=True, facts=space_facts(SCENES, "digit scenes"), version=version(SCENES))
def digit_scenes() -> Space:
    """Pictures of two digits, 16 x 16 pixels, as 8 x 8 x 4 numbers, and back: an autoencoder with KL."""
    return _space(SCENES)


@ng.node(early=True, facts=facts(LATENTS, "digit codes"), version=version(LATENTS))
def digit_latents() -> Labelled:
    """Latents of handwritten digits, those of `model.digit_codes`, drawn by label."""
    return Labelled(*model(LATENTS), CLASSES)


@ng.node(early=True, facts=facts(SMALL, "small digit"), version=version(SMALL))
def digit_small() -> Labelled:
    """Handwritten digits of 4 x 4 pixels, drawn by label: the lower model of a cascade."""
    return Labelled(*model(SMALL), CLASSES)


@ng.node(early=True, facts=facts(UPSAMPLER, "digit"), version=version(UPSAMPLER))
def digit_upsampler() -> Model:
    """Handwritten digits of 8 x 8 pixels from those of 4 x 4, `condition.upsampling`: the upper model of a cascade."""
    return model(UPSAMPLER)


@ng.node(early=True, facts=facts(LAYOUTS, "digit scenes"), version=version(LAYOUTS))
def digit_layouts() -> Model:
    """Latents of `model.digit_scenes` with digits where `condition.layout` says."""
    return model(LAYOUTS)


@ng.node(early=True, facts=facts(SHARPENING, "digit scenes"), version=version(SHARPENING))
def digit_sharpening() -> Model:
    """Latents of `model.digit_scenes` from those of pictures blurred to a quarter of their size, `condition.beside`."""
    return model(SHARPENING)


def _space(name: str) -> Space:
    card = read_card(name)
    config = AutoencoderConfig(**tupled(card["network"]))
    made = vae.Autoencoder(weights(name, card["network"], vae.build), card["scale"], config.factor, config.embed_dim)
    return Space(made, ng.Shape(vae.latent_sizes(card["shape"], made.factor, made.channels)))


NODES = (
    digit_classifier,
    digit_scores,
    digit_codes,
    digit_scenes,
    digit_latents,
    digit_layouts,
    digit_small,
    digit_upsampler,
    digit_sharpening,
)
