"""Inpainting by the predicted data: what is known replaces it."""

from __future__ import annotations

import noisegraph as ng

from .combined import Combined
from .compose import sized
from .facts import of_one_model


@ng.node(early=True, facts=of_one_model("denoiser", "known"))
def inpaint(denoiser: ng.Denoiser, known: ng.Latent, mask: ng.Mask) -> ng.Denoiser:
    """Inpainting for any sampler: predicted data replaced by what is known, where it is known.

    known: the data to keep, in the model's own space.
    mask: 1 where the picture is to change; of the state's size, or the picture's.
    """

    def combine(found: list[ng.Tensor], x: ng.Tensor, level: ng.Level) -> ng.Tensor:
        return merged(found[0], ng.onto(known, x.device, x.dtype), mask)

    return Combined((denoiser,), combine)


def merged(x: ng.Tensor, known: ng.Tensor, mask: ng.Mask) -> ng.Tensor:
    """x where the mask is 1, what is known where it is 0."""
    changes = sized(mask, x)
    return changes * x + (1 - changes) * known


NODES = (inpaint,)
