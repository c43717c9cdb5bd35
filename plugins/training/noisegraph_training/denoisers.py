"""Nodes that train a denoiser: of labelled examples, of points, of latents, around a mask, from a smaller picture."""

from __future__ import annotations

import noisegraph as ng

from .examples import Captioned, Examples, Goal, Preview, Schedule, Trained
from .objective import Loss
from .origins import of_data
from .settings import Count, Levels, Objective, Share, Weight


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


@ng.node(facts=of_data)
def latent(
    examples: Captioned,
    latents: ng.Latent,
    wanted: ng.Condition,
    architecture: ng.Architecture,
    process: ng.Process,
    schedule: Schedule,
    empty: ng.Condition | None = None,
    held_out: ng.Latent | None = None,
    held_out_wanted: ng.Condition | None = None,
    preview: Preview | None = None,
    *,
    prediction: ng.Prediction = "v",
    loss: Loss = "simple",
    drop: Share = 0.1,
    levels: Levels = 1000,
) -> ng.Loop[Trained]:
    """Train a conditional denoiser of latents (Rombach et al. 2022, eq. 3), or of embeddings (Ramesh et al. 2022).

    latents: of the examples, from vae.encode or, for a prior, vision.target
    wanted: what goes with each: its words from text.encode, its embedding, a layout, another latent beside it
    empty: what stands for no condition; without it none is dropped
    held_out: latents that it is not trained on: the card tells the loss on them, and on those that it is
    held_out_wanted: what goes with each of those
    preview: from sampler.preview: how the steps show what the network draws under the conditions of a few examples
    prediction: what the network learns to put out; a prior puts out x0
    drop: how often a condition is the empty one, for classifier-free guidance (Ho & Salimans 2022)
    levels: how many noise levels, evenly spaced in time
    """
    from .latent import apart, loop, tabled

    goal = Goal(prediction, loss, levels, 0.0 if empty is None else drop)
    table, judged = tabled(wanted, empty, len(latents)), apart(held_out, held_out_wanted)
    return loop(examples, latents, table, architecture, process, schedule, goal, held_out=judged, preview=preview)


@ng.node(facts=of_data)
def inpainting(
    examples: Captioned,
    latents: ng.Latent,
    wanted: ng.Condition,
    empty: ng.Condition,
    architecture: ng.Architecture,
    process: ng.Process,
    schedule: Schedule,
    preview: Preview | None = None,
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
    preview: from sampler.preview: how the steps show what the network draws in the masks of a few examples
    prediction: what the network learns to put out
    drop: how often the words are the empty ones, for classifier-free guidance
    levels: how many noise levels, evenly spaced in time
    """
    from .inpainting import told
    from .latent import loop, tabled

    goal = Goal(prediction, "simple", levels, drop)
    table = tabled(wanted, empty, len(latents))
    return loop(examples, latents, table, architecture, process, schedule, goal, told, preview=preview)


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
