"""Nodes that train a network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

import noisegraph as ng
from pydantic import Field

from .card import weights
from .examples import Captioned, Examples, Goal, Schedule, Trained
from .learned import network
from .objective import Loss

Count = Annotated[int, Field(ge=1)]
Rate = Annotated[float, Field(gt=0)]
Decay = Annotated[float, Field(ge=0, lt=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]
Levels = Annotated[int, Field(ge=2)]
Objective = Literal["explicit", "implicit", "denoising", "sliced"]


@ng.node(early=True)
def schedule(
    *,
    iterations: Count = 8000,
    batch: Count = 64,
    learning_rate: Rate = 1e-3,
    warmup: Count = 200,
    decay: Decay = 0.999,
    per_step: Count = 50,
    accumulate: Count = 1,
    precision: Literal["float32", "bfloat16"] = "float32",
    seed: Seed = 0,
) -> Schedule:
    """How parameters go down a loss, by torch's Adam (Kingma & Ba 2015).

    iterations: updates of the parameters in all; the learning rate falls to zero over them as a cosine
    batch: examples at once
    learning_rate: the highest
    warmup: iterations over which the learning rate rises to it
    decay: of the moving average of the parameters, which is what training gives
    per_step: iterations in one step of the loop; a killed run goes on after the last stored step
    accumulate: batches whose gradients are averaged for one update
    precision: of the network's own arithmetic; bfloat16 where torch's autocast finds it safe, parameters stay float32
    seed: of the first parameters, the batches, the noise and the dropout
    """
    return Schedule(iterations, batch, learning_rate, warmup, decay, per_step, accumulate, precision, seed)


@ng.node
def ddpm(
    examples: Examples,
    architecture: ng.Architecture,
    process: ng.Process,
    schedule: Schedule,
    *,
    prediction: ng.Prediction = "eps",
    loss: Loss = "simple",
    drop_label: Share | None = 0.1,
    levels: Levels = 1000,
) -> ng.Loop[Trained]:
    """Train a denoiser of labelled examples (Ho et al. 2020; a score network on a ladder of noise: Song & Ermon 2019).

    prediction: what the network learns to put out
    loss: hybrid and bound want a network that puts out a variance too (Nichol & Dhariwal 2021)
    drop_label: how often a label is the empty one, for classifier-free guidance (Ho & Salimans 2022); null: the
        network is told no label
    levels: how many noise levels, evenly spaced in time
    """
    from .ddpm import loop

    goal = Goal(prediction, loss, levels, drop_label or 0.0)
    return loop(examples, architecture, process, schedule, goal, drop_label is not None)


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
def score(
    points: ng.Points,
    architecture: ng.Architecture,
    process: ng.Process,
    schedule: Schedule,
    exact: ng.Denoiser | None = None,
    *,
    objective: Objective = "denoising",
    prediction: ng.Prediction = "score",
    levels: Levels = 100,
) -> ng.Loop[Trained]:
    """Learn the score of points at many levels of noise, each weighted by sigma^2.

    exact: the denoiser whose score is the true one, for explicit score matching
    objective: explicit and implicit (Hyvärinen 2005), denoising (Vincent 2011), sliced (Song et al. 2019)
    prediction: what the network puts out
    levels: how many noise levels, evenly spaced in time
    """
    from .scores import loop

    return loop(points, exact, architecture, process, schedule, objective, prediction, levels)


@ng.node
def latent(
    examples: Captioned,
    latents: ng.Latent,
    wanted: ng.Condition,
    empty: ng.Condition,
    architecture: ng.Architecture,
    process: ng.Process,
    schedule: Schedule,
    *,
    prediction: ng.Prediction = "v",
    loss: Loss = "simple",
    drop: Share = 0.1,
    levels: Levels = 1000,
) -> ng.Loop[Trained]:
    """Train a conditional denoiser of latents (Rombach et al. 2022, eq. 3), or of embeddings (Ramesh et al. 2022).

    latents: of the examples, from vae.encode or, for a prior, vision.target
    wanted: what goes with each: its words from text.encode, its embedding
    empty: what stands for no condition
    prediction: what the network learns to put out; a prior puts out x0
    drop: how often a condition is the empty one, for classifier-free guidance (Ho & Salimans 2022)
    levels: how many noise levels, evenly spaced in time
    """
    from .latent import loop

    goal = Goal(prediction, loss, levels, drop)
    return loop(examples, latents, wanted, empty, architecture, process, schedule, goal)


@ng.node
def inpainting(
    examples: Captioned,
    latents: ng.Latent,
    wanted: ng.Condition,
    empty: ng.Condition,
    architecture: ng.Architecture,
    process: ng.Process,
    schedule: Schedule,
    *,
    prediction: ng.Prediction = "v",
    drop: Share = 0.1,
    levels: Levels = 1000,
) -> ng.Loop[Trained]:
    """Train a denoiser that fills in what is masked (GLIDE, Nichol et al. 2022; Rombach et al. 2022, section 4.5).

    Its input has beside the latent's channels the mask and the latent with what is masked set to zero.

    latents: of the examples, from vae.encode
    wanted: what goes with each: its words
    empty: the empty text
    prediction: what the network learns to put out
    drop: how often the words are the empty ones, for classifier-free guidance
    levels: how many noise levels, evenly spaced in time
    """
    from .inpainting import loop

    goal = Goal(prediction, "simple", levels, drop)
    return loop(examples, latents, wanted, empty, architecture, process, schedule, goal)


@ng.node
def upsampler(
    examples: Captioned,
    architecture: ng.Architecture,
    process: ng.Process,
    schedule: Schedule,
    *,
    prediction: ng.Prediction = "v",
    levels: Levels = 1000,
    strengths: Count = 10,
    noisiest: Share = 0.5,
    blur: Weight = 0.6,
) -> ng.Loop[Trained]:
    """Train super-resolution by two with conditioning augmentation (Ho et al. 2022, Cascaded diffusion, section 4).

    Its input has beside the picture's channels those of the smaller picture, enlarged; its label is the strength.

    prediction: what the network learns to put out
    levels: how many noise levels, evenly spaced in time
    strengths: of the noise on the smaller picture; as many classes as the network has
    noisiest: the strongest noise, as a share of the process's time
    blur: the widest blur of the smaller picture, its deviation in pixels
    """
    from .upsampling import Augmentation, loop

    goal = Goal(prediction, "simple", levels, 0.0)
    return loop(examples, architecture, process, schedule, goal, Augmentation(strengths, noisiest, blur))


@ng.node
def autoencoder(
    examples: Captioned,
    held_out: Captioned,
    architecture: ng.Architecture,
    schedule: Schedule,
    *,
    square: Weight = 2.0,
    edges: Weight = 0.5,
    regularization: Weight = 2e-4,
) -> ng.Loop[Trained]:
    """Train an autoencoder to give pictures back (Rombach et al. 2022, section 3.1, without its critic).

    held_out: pictures that it is not trained on, for the figures of the card and for previews
    square: weight of the squared error beside the absolute one
    edges: weight of the absolute error of the differences between neighbouring pixels
    regularization: weight of the KL divergence a number of the latent, or of the codebook's loss
    """
    from .autoencoder import Weights, loop

    return loop(examples, held_out, architecture, schedule, Weights(square, edges, regularization))


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


@ng.hookimpl
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The nodes of this file."""
    return [
        schedule,
        ddpm,
        classifier,
        score,
        latent,
        inpainting,
        upsampler,
        autoencoder,
        clip,
        weights,
        network,
    ]
