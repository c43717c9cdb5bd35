"""The built-in models of handwritten digits beside `model.digit`."""

from __future__ import annotations

from typing import NamedTuple

import noisegraph as ng

from .. import network, vae
from ..classifier import LabelClassifier
from ..networks.autoencoder_config import AutoencoderConfig
from ..networks.unet_config import tupled
from .shipped import Model, facts, model, process, read_card, size, version, weights

CLASSIFIER, SCORES, CODES = "digit-classifier", "digit-scores", "digit-codes"


class Codes(NamedTuple):
    """An autoencoder whose latents are made of codes, and the shape of one latent."""

    vae: vae.Autoencoder
    latent: ng.Shape


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


def codes_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `model.digit_codes` from its card."""
    made = _autoencoder()
    known = {"family": "digit codes", "factor": made.factor, "channels": made.channels}
    return {"vae": {**known, "weights": size(CODES)}, "latent": {"family": "digit codes", "sizes": _shape(made).sizes}}


@ng.node(early=True, facts=codes_facts, version=version(CODES))
def digit_codes() -> Codes:
    """Handwritten digits as 4 x 4 entries of a codebook, and back: a VQ autoencoder."""
    made = _autoencoder()
    return Codes(made, _shape(made))


def _autoencoder() -> vae.Autoencoder:
    card = read_card(CODES)
    config = AutoencoderConfig(**tupled(card["network"]))
    made = weights(CODES, card["network"], vae.build)
    return vae.Autoencoder(made, card["scale"], config.factor, config.embed_dim)


def _shape(made: vae.Autoencoder) -> ng.Shape:
    return ng.Shape(vae.latent_sizes(read_card(CODES)["shape"], made.factor, made.channels))


NODES = (digit_classifier, digit_scores, digit_codes)
