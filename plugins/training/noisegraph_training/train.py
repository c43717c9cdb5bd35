"""Nodes that train a network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import noisegraph as ng
from pydantic import Field

from .card import weights
from .examples import Captioned, Examples, Settings, Trained

Count = Annotated[int, Field(ge=1)]
Rate = Annotated[float, Field(gt=0)]
Decay = Annotated[float, Field(ge=0, lt=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]


@ng.node
def ddpm(
    examples: Examples,
    architecture: ng.Architecture,
    process: ng.Process,
    *,
    prediction: ng.Prediction = "eps",
    iterations: Count = 8000,
    batch: Count = 64,
    learning_rate: Rate = 1e-3,
    warmup: Count = 200,
    decay: Decay = 0.999,
    drop_label: Share = 0.1,
    levels: Annotated[int, Field(ge=2)] = 1000,
    per_step: Count = 50,
    seed: Seed = 0,
) -> ng.Loop[Trained]:
    """Train a class-conditional denoiser with the simple loss (Ho et al. 2020).

    prediction: what the network learns to put out
    iterations: updates of the parameters in all; the learning rate falls to zero over them as a cosine
    batch: examples an iteration
    learning_rate: the highest, of Adam
    warmup: iterations over which the learning rate rises to it
    decay: of the moving average of the parameters, which is what the node gives
    drop_label: how often a label is the empty one, for classifier-free guidance (Ho & Salimans 2022)
    levels: how many noise levels, evenly spaced in time
    per_step: iterations in one step of the loop; a killed run goes on after the last stored step
    seed: of the first parameters, the batches, the noise and the dropout
    """
    from .ddpm import loop

    settings = Settings(
        prediction=prediction,
        iterations=iterations,
        batch=batch,
        learning_rate=learning_rate,
        warmup=warmup,
        decay=decay,
        drop_label=drop_label,
        levels=levels,
        per_step=per_step,
        seed=seed,
    )
    return loop(examples, architecture, process, settings)


@ng.node
def autoencoder(
    examples: Captioned,
    held_out: Captioned,
    architecture: ng.Architecture,
    *,
    iterations: Count = 8000,
    batch: Count = 16,
    learning_rate: Rate = 1e-3,
    warmup: Count = 100,
    decay: Decay = 0.999,
    square: Weight = 2.0,
    edges: Weight = 0.5,
    regularization: Weight = 2e-4,
    per_step: Count = 20,
    seed: Seed = 0,
) -> ng.Loop[Trained]:
    """Train an autoencoder to give pictures back (Rombach et al. 2022, section 3.1, without its critic).

    held_out: pictures that it is not trained on, for the figures of the card and for previews
    iterations: updates of the parameters in all; the learning rate falls to zero over them as a cosine
    batch: pictures an iteration
    learning_rate: the highest, of Adam
    warmup: iterations over which the learning rate rises to it
    decay: of the moving average of the parameters, which is what the node gives
    square: weight of the squared error beside the absolute one
    edges: weight of the absolute error of the differences between neighbouring pixels
    regularization: weight of the KL divergence a number of the latent, or of the codebook's loss
    per_step: iterations in one step of the loop; a killed run goes on after the last stored step
    seed: of the first parameters, the batches and the noise
    """
    from .autoencoder import Settings, loop

    settings = Settings(
        iterations=iterations,
        batch=batch,
        learning_rate=learning_rate,
        warmup=warmup,
        decay=decay,
        square=square,
        edges=edges,
        regularization=regularization,
        per_step=per_step,
        seed=seed,
    )
    return loop(examples, held_out, architecture, settings)


@ng.node
def clip(
    examples: Captioned,
    tokens: ng.Tensor,
    held_out: Captioned,
    held_out_tokens: ng.Tensor,
    architecture: ng.Architecture,
    *,
    iterations: Count = 2000,
    batch: Annotated[int, Field(ge=2)] = 128,
    learning_rate: Rate = 1e-3,
    warmup: Count = 100,
    decay: Decay = 0.998,
    noise: Weight = 0.2,
    per_step: Count = 20,
    seed: Seed = 0,
) -> ng.Loop[Trained]:
    """Train a CLIP, which puts texts and pictures into one space (Radford et al. 2021).

    tokens: the examples' captions, from text.tokens
    held_out: pictures that it is not trained on, for the figures of the card
    held_out_tokens: their captions
    iterations: updates of the parameters in all; the learning rate falls to zero over them as a cosine
    batch: pairs an iteration, each to be told from all others
    learning_rate: the highest, of Adam
    warmup: iterations over which the learning rate rises to it
    decay: of the moving average of the parameters, which is what the node gives
    noise: the most noise that is added to a picture in [-1, 1], so that imperfect ones are recognised
    per_step: iterations in one step of the loop; a killed run goes on after the last stored step
    seed: of the first parameters, the batches and the noise
    """
    from .clip import Pairs, Settings, loop

    settings = Settings(
        iterations=iterations,
        batch=batch,
        learning_rate=learning_rate,
        warmup=warmup,
        decay=decay,
        noise=noise,
        per_step=per_step,
        seed=seed,
    )
    pairs, apart = Pairs(examples.pixels, tokens), Pairs(held_out.pixels.cpu(), held_out_tokens.cpu())
    return loop(pairs, apart, examples, architecture, settings)


@ng.node
def latent(
    examples: Captioned,
    latents: ng.Latent,
    wanted: ng.Condition,
    empty: ng.Condition,
    architecture: ng.Architecture,
    process: ng.Process,
    *,
    prediction: ng.Prediction = "v",
    iterations: Count = 16000,
    batch: Count = 64,
    learning_rate: Rate = 5e-4,
    warmup: Count = 500,
    decay: Decay = 0.9995,
    drop_caption: Share = 0.1,
    levels: Annotated[int, Field(ge=2)] = 1000,
    per_step: Count = 20,
    seed: Seed = 0,
) -> ng.Loop[Trained]:
    """Train a text-conditional denoiser of latents with the simple loss (Rombach et al. 2022, eq. 3).

    latents: of the examples, from vae.encode
    wanted: the examples' captions, from text.encode
    empty: the empty text
    prediction: what the network learns to put out
    iterations: updates of the parameters in all; the learning rate falls to zero over them as a cosine
    batch: examples an iteration
    learning_rate: the highest, of Adam
    warmup: iterations over which the learning rate rises to it
    decay: of the moving average of the parameters, which is what the node gives
    drop_caption: how often a caption is the empty one, for classifier-free guidance (Ho & Salimans 2022)
    levels: how many noise levels, evenly spaced in time
    per_step: iterations in one step of the loop; a killed run goes on after the last stored step
    seed: of the first parameters, the batches, the noise and the dropout
    """
    from .latent import loop

    settings = Settings(
        prediction=prediction,
        iterations=iterations,
        batch=batch,
        learning_rate=learning_rate,
        warmup=warmup,
        decay=decay,
        drop_label=drop_caption,
        levels=levels,
        per_step=per_step,
        seed=seed,
    )
    return loop(examples, latents, wanted["context"], empty["context"], architecture, process, settings)


@ng.hookimpl
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The nodes of this file."""
    return [ddpm, autoencoder, clip, latent, weights]
