"""Training an autoencoder to give pictures back, its latents regularized by KL or by a codebook."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, NamedTuple

import noisegraph as ng
import torch
from torch import Tensor
from torch.nn import functional

from .batches import random_of, ranged
from .descent import descend
from .examples import Captioned, Schedule, Trained, origin

SHOWN = 16
"""Pictures in a preview."""
MEASURED = 512
"""Examples from which the scale of the latents is taken."""


class Weights(NamedTuple):
    """How much each part of an autoencoder's loss counts beside the absolute error."""

    square: float
    edges: float
    regularization: float


class _Latent(NamedTuple):
    """How many times smaller than the picture a latent is, its channels, and whether it is made of codes."""

    factor: int
    channels: int
    codes: bool

    def shape(self, picture: Tensor) -> tuple[int, ...]:
        """Of the latents of pictures [batch, channels, height, width]."""
        return (len(picture), self.channels, *(side // self.factor for side in picture.shape[2:]))


def loop(
    examples: Captioned,
    architecture: ng.Architecture,
    schedule: Schedule,
    weights: Weights,
    held_out: Captioned | None,
) -> ng.Loop[Trained]:
    """The loop that trains `architecture` on `examples`; what is held out is for the card's figures."""
    pixels = examples.pixels.cpu()
    unseen = None if held_out is None else held_out.pixels.cpu()
    latent = _latent(architecture)

    def objective(network: Callable[..., Any], iteration: int, device: torch.device) -> Tensor:
        random = random_of(schedule.seed, iteration)
        picture = ranged(pixels[torch.from_numpy(random.integers(len(pixels), size=schedule.batch))]).to(device)
        if latent.codes:
            found, chosen = network(picture)
            penalty: Tensor = chosen.loss
        else:
            noise = random.standard_normal(latent.shape(picture), dtype="float32")
            found, distribution = network(picture, torch.from_numpy(noise).to(device))
            penalty = distribution.kl().mean()
        return reconstruction(found, picture, weights) + weights.regularization * penalty

    def rebuilt(network: Callable[..., Any], picture: Tensor) -> tuple[Tensor, Tensor]:
        """The pictures again, and their latents, without noise."""
        if latent.codes:
            found, chosen = network(picture)
            return found.clamp(-1, 1).cpu(), chosen.latent.cpu()
        found, distribution = network(picture, picture.new_zeros(latent.shape(picture)))
        return found.clamp(-1, 1).cpu(), distribution.mean.cpu()

    def verdict(network: Callable[..., Any]) -> dict[str, Any]:
        seen, latents = _judged(network, rebuilt, spaced(pixels, MEASURED))
        return {
            **origin(examples),
            "shape": list(pixels.shape[1:]),
            "scale": round(1 / float(latents.std()), 4),
            "psnr": round(seen, 2),
            **({} if unseen is None else {"psnr_held_out": round(_judged(network, rebuilt, unseen)[0], 2)}),
            "training": {**weights._asdict(), **asdict(schedule)},
        }

    def look(network: Callable[..., Any]) -> Tensor:
        picture = ranged(spaced(pixels if unseen is None else unseen, SHOWN))
        return (rebuilt(network, picture)[0] + 1) / 2

    return descend(architecture, schedule, objective, verdict, look)


def spaced(pixels: Tensor, count: int) -> Tensor:
    """About `count` of the pictures, evenly spread over them."""
    return pixels[:: max(1, len(pixels) // count)]


def reconstruction(found: Tensor, wanted: Tensor, weights: Weights) -> Tensor:
    """Mean absolute error, `square` times the squared one, and `edges` times that of neighbours' differences."""
    error = found - wanted
    across, down = error.diff(dim=3).abs().mean(), error.diff(dim=2).abs().mean()
    return error.abs().mean() + weights.square * functional.mse_loss(found, wanted) + weights.edges * (across + down)


def psnr(found: Tensor, wanted: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of each picture in dB, for values in [-1, 1]: [batch]."""
    return 10 * (4 / (found - wanted).square().flatten(1).mean(1)).log10()


def _judged(
    network: Callable[..., Any], rebuilt: Callable[..., tuple[Tensor, Tensor]], pixels: Tensor
) -> tuple[float, Tensor]:
    """The mean signal-to-noise ratio of the pictures given back, and their latents."""
    parts = [ranged(part) for part in torch.split(pixels, 64)]
    again = [rebuilt(network, part) for part in parts]
    ratios = [psnr(found, part) for (found, _), part in zip(again, parts, strict=True)]
    return float(torch.cat(ratios).mean()), torch.cat([latents for _, latents in again])


def _latent(architecture: ng.Architecture) -> _Latent:
    with torch.device("meta"):
        config: Any = getattr(architecture.module(), "config", None)
    if not hasattr(config, "embed_dim"):
        raise ng.NodeError("this architecture is no autoencoder", "wire vae.architecture")
    return _Latent(config.factor, config.embed_dim, config.n_embed is not None)
