"""The built-in models of handwritten digits beside `model.digit`."""

from __future__ import annotations

import noisegraph as ng

from ..classifier import LabelClassifier
from . import from_card
from .from_card import Labelled, Model, Space
from .shipped import facts, labelled, labelled_facts, model, read_card, shipped, size, space_facts, version

CLASSIFIER, SCORES, CODES = "digit-classifier", "digit-scores", "digit-codes"
LATENTS, SCENES, LAYOUTS = "digit-latents", "digit-scenes", "digit-layouts"
SMALL, UPSAMPLER, SHARPENING = "digit-small", "digit-upsampler", "digit-sharpening"
CLASSES = 10


def classifier_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `model.digit_classifier` from its card."""
    return {"classes": read_card(CLASSIFIER)["classes"], "weights": size(CLASSIFIER)}


@ng.node(early=True, facts=classifier_facts, version=version(CLASSIFIER))
def digit_classifier() -> LabelClassifier:
    """Which digit a noisy picture of 8 x 8 pixels shows: what guides `model.digit`, and judges digits."""
    return from_card.classifier(shipped(CLASSIFIER))


@ng.node(early=True, facts=facts(SCORES, "digit"), version=version(SCORES))
def digit_scores() -> Model:
    """Handwritten digits by their score at a ladder of noise, for annealed Langevin dynamics: an NCSN."""
    return model(SCORES)


@ng.node(early=True, facts=space_facts(CODES), version=version(CODES))
def digit_codes() -> Space:
    """Handwritten digits as 4 x 4 entries of a codebook, and back: a VQ autoencoder."""
    return from_card.space(shipped(CODES))


@ng.node(early=True, facts=space_facts(SCENES), version=version(SCENES))
def digit_scenes() -> Space:
    """Pictures of two digits, 16 x 16 pixels, as 8 x 8 x 4 numbers, and back: an autoencoder with KL."""
    return from_card.space(shipped(SCENES))


@ng.node(early=True, facts=facts(LATENTS, autoencoder=CODES), version=version(LATENTS))
def digit_latents() -> Labelled:
    """Latents of handwritten digits, those of `model.digit_codes`, drawn by label."""
    return Labelled(*model(LATENTS), CLASSES)


@ng.node(early=True, facts=labelled_facts(SMALL, "small digit"), version=version(SMALL))
def digit_small() -> Labelled:
    """Handwritten digits of 4 x 4 pixels, drawn by label: the lower model of a cascade."""
    return labelled(SMALL)


@ng.node(early=True, facts=facts(UPSAMPLER, "digit"), version=version(UPSAMPLER))
def digit_upsampler() -> Model:
    """Handwritten digits of 8 x 8 pixels from those of 4 x 4, `condition.upsampling`: the upper model of a cascade."""
    return model(UPSAMPLER)


@ng.node(early=True, facts=facts(LAYOUTS, autoencoder=SCENES), version=version(LAYOUTS))
def digit_layouts() -> Model:
    """Latents of `model.digit_scenes` with digits where `condition.layout` says."""
    return model(LAYOUTS)


@ng.node(early=True, facts=facts(SHARPENING, autoencoder=SCENES), version=version(SHARPENING))
def digit_sharpening() -> Model:
    """Latents of `model.digit_scenes` from those of pictures blurred to a quarter of their size, `condition.beside`."""
    return model(SHARPENING)


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
