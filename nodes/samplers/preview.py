"""An approximate picture of predicted data, without a decoder."""

from __future__ import annotations

import noisegraph as ng


def picture(x0: ng.Tensor) -> ng.Tensor | None:
    """[batch, 3, height, width] in [0, 1]; None for data that has no picture's shape.

    One or three channels are taken as pixels in [-1, 1]; of a latent (unit variance) the first three channels, two
    standard deviations either way.
    """
    if x0.ndim != 4:
        return None
    channels = x0.shape[1]
    if channels in (1, 3):
        return ((x0 + 1) / 2).clamp(0, 1).expand(-1, 3, -1, -1)
    first = x0[:, :3] if channels > 3 else x0[:, [0, 1, 1]]
    return (first / 4 + 0.5).clamp(0, 1)
