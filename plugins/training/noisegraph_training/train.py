"""The plugin `train`: how training goes, and the nodes of every kind of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import noisegraph as ng

from .card import weights
from .denoisers import ddpm, inpainting, latent, score, upsampler
from .encoders import autoencoder, classifier, clip
from .examples import Schedule, Trained
from .learned import matched, network
from .settings import Count, Decay, Precision, Rate, Seed


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
    precision: Precision = "float32",
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
    precision: of the network's own arithmetic; 16 bits where torch's autocast finds them safe, parameters stay float32;
        float16, for GPUs without bfloat16, scales the loss and leaves out updates whose gradients are too large
    seed: of the first parameters, the batches, the noise and the dropout
    """
    return Schedule(iterations, batch, learning_rate, warmup, decay, per_step, accumulate, precision, seed)


@ng.node
def begun(
    architecture: ng.Architecture,
    trained: ng.Network | Trained,
    *,
    locked: list[str] = [],  # noqa: B006 (from JSON)
) -> ng.Architecture:
    """An architecture that begins with the parameters of a trained network, to be trained on: fine-tuning.

    Parameters of the same name and shape are taken over, the others are drawn. Where a layer reads more channels than
    the trained one, those begin at zero, as for Stable Diffusion's inpainting (Rombach et al. 2022).

    trained: from model.load, unet.load or a built-in model, or what was learned before in the same graph
    locked: how the names of parameters begin that stay as they are, as "encoder." of an autoencoder, whose latents
        then stay the same, or "vision_model." and "visual_projection." of a CLIP, whose texts alone then learn (Zhai
        et al. 2022)
    """
    from .finetuning import Begun

    found = trained.parameters if isinstance(trained, Trained) else trained.weights.tensors()
    return ng.Architecture(Begun(architecture.build, found, tuple(locked)), architecture.config)


@ng.hookimpl
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The nodes of this file."""
    return [
        schedule,
        begun,
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
        matched,
    ]
