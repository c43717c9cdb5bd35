"""Nodes that train what stands beside a denoiser: an autoencoder, a CLIP, a classifier of noisy pictures."""

from __future__ import annotations

import noisegraph as ng

from .examples import Captioned, Examples, Schedule, Trained
from .settings import Levels, Weight


@ng.node
def classifier(
    examples: Examples,
    held_out: Examples,
    architecture: ng.Architecture,
    process: ng.Process,
    schedule: Schedule,
    *,
    levels: Levels = 1000,
) -> ng.Loop[Trained]:
    """Train a classifier of noisy pictures, for classifier guidance (Dhariwal & Nichol 2021, section 4).

    held_out: examples that it is not trained on, for the figures of the card
    levels: how many noise levels, evenly spaced in time
    """
    from .classifying import loop

    return loop(examples, held_out, architecture, process, schedule, levels)


@ng.node
def autoencoder(
    examples: Captioned,
    architecture: ng.Architecture,
    schedule: Schedule,
    held_out: Captioned | None = None,
    *,
    square: Weight = 2.0,
    edges: Weight = 0.5,
    regularization: Weight = 2e-4,
) -> ng.Loop[Trained]:
    """Train an autoencoder to give pictures back (Rombach et al. 2022, section 3.1, without its critic).

    held_out: pictures that it is not trained on, for the figures of the card and for previews; without them previews
        show what it is trained on
    square: weight of the squared error beside the absolute one
    edges: weight of the absolute error of the differences between neighbouring pixels
    regularization: weight of the KL divergence a number of the latent, or of the codebook's loss
    """
    from .autoencoder import Weights, loop

    return loop(examples, architecture, schedule, Weights(square, edges, regularization), held_out)


@ng.node
def clip(
    examples: Captioned,
    tokens: ng.Tensor,
    held_out: Captioned,
    held_out_tokens: ng.Tensor,
    architecture: ng.Architecture,
    schedule: Schedule,
    *,
    noise: Weight = 0.2,
) -> ng.Loop[Trained]:
    """Train a CLIP, which puts texts and pictures into one space (Radford et al. 2021).

    tokens: the examples' captions, from text.tokens
    held_out: pictures that it is not trained on, for the figures of the card
    held_out_tokens: their captions
    noise: the most noise that is added to a picture in [-1, 1], so that imperfect ones are recognised
    """
    from .clip import Pairs, loop

    pairs, apart = Pairs(examples.pixels, tokens), Pairs(held_out.pixels.cpu(), held_out_tokens.cpu())
    return loop(pairs, apart, examples, architecture, schedule, noise)
