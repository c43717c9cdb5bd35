"""Approximate pictures of predicted data: by a tiny decoder, or as colours that latents stand for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import noisegraph as ng

if TYPE_CHECKING:
    from ..checkpoints.first_stage import Autoencoder

COLOURS = {
    "sd": ((0.298, 0.207, 0.208), (0.187, 0.286, 0.173), (-0.158, 0.189, 0.264), (-0.184, -0.271, -0.473)),
    "sdxl": (
        (0.3816, 0.4930, 0.5320),
        (-0.3753, 0.1631, 0.1739),
        (0.1770, 0.3588, -0.2048),
        (-0.4350, -0.2644, -0.4289),
    ),
}
"""Of whose latents: red, green and blue in [-1, 1] for one of each channel, as fitted by keturn (Stable Diffusion) and
StAlKeR7779 (XL)."""


def coloured(x0: ng.Tensor, space: str) -> ng.Tensor:
    """The linear preview [batch, 3, h, w] of latents [batch, 4, h, w] of a space in COLOURS."""
    import torch

    colours = torch.tensor(COLOURS[space], dtype=x0.dtype).to(x0.device)
    return (torch.einsum("bchw,cr->brhw", x0, colours) / 2 + 0.5).clamp(0, 1)


@dataclass(frozen=True)
class Preview:
    """How predicted latents are shown; called with [batch, channels, h, w], gives pictures in [0, 1]."""

    vae: Autoencoder | None
    space: str
    """In COLOURS, for where there is no autoencoder."""

    def __call__(self, x0: ng.Tensor) -> ng.Tensor | None:
        """None for data that has no picture's shape; as without a preview where the latents are of others' channels."""
        import torch

        channels = 4 if self.vae is None else self.vae.channels
        if x0.ndim != 4 or x0.shape[1] != channels:
            return picture(x0)
        if self.vae is None:
            return coloured(x0, self.space)
        with torch.no_grad():
            module: Any = self.vae.weights.module()
            decoded: ng.Tensor = module.decode((x0 / self.vae.scale).to(next(module.parameters())))
        return (decoded.float() / 2 + 0.5).clamp(0, 1)


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
