"""What keeps the latents of an autoencoder in order: a normal distribution, or a codebook."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional


class Distribution(NamedTuple):
    """Normal distributions of latents, each [batch, channels, h, w]."""

    mean: Tensor
    log_variance: Tensor

    def sample(self, noise: Tensor) -> Tensor:
        """mean + std noise."""
        return self.mean + (self.log_variance / 2).exp() * noise

    def kl(self) -> Tensor:
        """The divergence from the standard normal in nats, [batch, channels, h, w] (Kingma & Welling 2014, app. B)."""
        return (self.mean.square() + self.log_variance.exp() - 1 - self.log_variance) / 2


class Codes(NamedTuple):
    """Entries of the codebook in the place of latents."""

    latent: Tensor
    """The entries [batch, channels, h, w]; backwards, they are what they replace (straight through)."""
    indices: Tensor
    """Which entries, int64 [batch, h, w]."""
    loss: Tensor
    """Mean squared distance, with the commitment of the encoder at 0.25 (van den Oord et al. 2017, eq. 3)."""


class Codebook(nn.Module):
    """Vectors that latents are replaced with, each by the nearest."""

    def __init__(self, size: int, channels: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(size, channels)
        nn.init.uniform_(self.embedding.weight, -1 / size, 1 / size)

    def forward(self, latent: Tensor) -> Codes:
        flat = latent.movedim(1, -1).flatten(0, 2)
        indices = torch.cdist(flat, self.embedding.weight).argmin(dim=1).view(latent[:, 0].shape)
        found = self.entries(indices)
        loss = functional.mse_loss(found, latent.detach()) + 0.25 * functional.mse_loss(found.detach(), latent)
        return Codes(latent + (found - latent).detach(), indices, loss)

    def entries(self, indices: Tensor) -> Tensor:
        """The vectors of indices [batch, h, w]: [batch, channels, h, w]."""
        return self.embedding(indices).movedim(-1, 1)  # type: ignore[no-any-return]
