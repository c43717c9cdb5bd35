"""The configuration of a tiny autoencoder; importing this imports no torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TinyConfig:
    """What distinguishes one tiny autoencoder from another; TAESD's is the default."""

    channels: int = 4
    """Of the latent."""
    width: int = 64
    encoder_blocks: tuple[int, ...] = (1, 3, 3, 3)
    """Blocks at each size, the largest first; none: there is no encoder."""
    decoder_blocks: tuple[int, ...] = (3, 3, 3, 1)
    """Blocks at each size, the smallest first; none: there is no decoder."""

    @property
    def factor(self) -> int:
        """How many times smaller than the picture the latent is."""
        return int(2 ** (max(len(self.encoder_blocks), len(self.decoder_blocks)) - 1))
