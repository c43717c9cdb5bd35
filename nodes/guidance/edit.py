"""Guidance of what changes a picture by words: how near to the picture and how near to the words, each by its scale."""

from __future__ import annotations

import noisegraph as ng

from .cfg import Scale
from .combined import Combined
from .facts import of_one_model


@ng.node(early=True, facts=of_one_model("instructed", "seen", "plain"))
def edit(
    instructed: ng.Denoiser,
    seen: ng.Denoiser,
    plain: ng.Denoiser,
    *,
    scale: Scale = 7.5,
    image_scale: Scale = 1.5,
) -> ng.Denoiser:
    """Guidance by a picture, and from there by words (Brooks et al. 2023, eq. 3), as InstructPix2Pix wants it.

    instructed: under the picture and the words.
    seen: under the picture alone.
    plain: under neither.
    scale: of the words, s_T.
    image_scale: of the picture, s_I: the more, the more of it stays.
    """

    def combine(found: list[ng.Tensor], x: ng.Tensor, level: ng.Level) -> ng.Tensor:
        both, picture, neither = found
        return neither + image_scale * (picture - neither) + scale * (both - picture)

    return Combined((instructed, seen, plain), combine)


NODES = (edit,)
