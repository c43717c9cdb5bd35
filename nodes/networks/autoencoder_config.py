"""The configuration of an autoencoder; importing this imports no torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class AutoencoderConfig:
    """What distinguishes one first stage from another; the names are those of latent-diffusion's `ddconfig`."""

    __pydantic_config__ = {"extra": "forbid"}
    """Where a configuration is text, a name that is none of these is an error."""

    in_channels: int = 3
    out_ch: int = 3
    ch: int = 128
    ch_mult: tuple[int, ...] = (1, 2, 4, 4)
    """Width of every level, as a multiple of `ch`; each level is half as large as the one before."""
    num_res_blocks: int = 2
    """Residual blocks a level of the encoder; the decoder has one more."""
    attn_resolutions: tuple[int, ...] = ()
    """Where attention stands beside the middle: sizes in pixels, for pictures of `resolution`."""
    resolution: int = 256
    z_channels: int = 4
    """What encoder and decoder end and begin with; twice as many out of the encoder with KL."""
    embed_dim: int = 4
    """Channels of the latent."""
    n_embed: int | None = None
    """How many vectors the codebook has (VQ); None: no codebook, a normal distribution instead (KL)."""
    dropout: float = 0.0
    groups: int = 32

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of every level."""
        return tuple(mult * self.ch for mult in self.ch_mult)

    @property
    def factor(self) -> int:
        """How many times smaller than the picture the latent is."""
        return int(2 ** (len(self.ch_mult) - 1))

    def attends(self, level: int) -> bool:
        """Whether the blocks of a level have attention."""
        return self.resolution // 2**level in self.attn_resolutions
