"""The configuration of a U-Net; importing this imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class UNetConfig:
    """What distinguishes one U-Net of the family from another; the names are those of guided-diffusion."""

    __pydantic_config__ = {"extra": "forbid"}
    """Where a configuration is text, a name that is none of these is an error."""

    in_channels: int = 3
    out_channels: int = 3
    """Twice the picture's channels where the variance is learned."""
    model_channels: int = 128
    channel_mult: tuple[int | float, ...] = (1, 2, 2, 2)
    """Width of every level, as a multiple of `model_channels`; each level is half as large as the one before."""
    num_res_blocks: int | tuple[int, ...] = 2
    """Residual blocks a level, one number for all or one a level."""
    attention_resolutions: tuple[int, ...] = (2,)
    """Where attention stands: factors by which the picture is smaller there."""
    num_heads: int = 1
    num_head_channels: int | None = None
    """Channels a head; overrides `num_heads`."""
    dropout: float = 0.0
    num_classes: int | None = None
    """Class labels, the empty one included if there is one."""
    vector_channels: int | None = None
    """Width of a vector condition (Stable Diffusion XL's sizes and pooled text)."""
    vector_layers: bool = True
    """Whether two layers stand between that and the time's embedding; without, it is as wide (GLIDE)."""
    context_channels: int | None = None
    """Width of the tokens that attention reads (text); None: self-attention only."""
    vector_tokens: int = 0
    """Tokens that the vector condition is projected to, after those of the text; four in unCLIP's decoder."""
    attention: Literal["block", "transformer"] = "block"
    """`block`: one attention (DDPM, ADM, GLIDE); `transformer`: transformer blocks (latent and Stable Diffusion)."""
    transformer_depth: int | tuple[int, ...] = 1
    linear_projections: bool = False
    disable_self_attentions: bool | tuple[bool, ...] = False
    """Whether what would attend to itself attends to the tokens too, one for all or one a level (the x4 upscaler)."""
    conv_resample: bool = True
    use_scale_shift_norm: bool = False
    resblock_updown: bool = False
    use_new_attention_order: bool = False
    rescale_residuals: bool = False
    """Residual branches and their inputs summed, then scaled by 1/sqrt 2 (Song et al. 2021; tried in ADM)."""
    skip_scale: float = 1.0
    """Factor of the connections from the encoder to the decoder; 1/sqrt 2 in Imagen's efficient U-Net."""
    downsample_first: bool = False
    """Every level, the first too, halves the picture before its blocks and doubles it after them (Imagen)."""
    groups: int = 32

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of every level."""
        return tuple(int(mult * self.model_channels) for mult in self.channel_mult)

    @property
    def factors(self) -> tuple[int, ...]:
        """How many times smaller than the input each level's blocks see the picture."""
        return tuple(2 ** (level + self.downsample_first) for level in range(len(self.channel_mult)))

    def per_level(self, value: int | tuple[int, ...]) -> tuple[int, ...]:
        """One number a level; raises ValueError for a list of another length."""
        numbers = (value,) * len(self.channel_mult) if isinstance(value, int) else value
        if len(numbers) != len(self.channel_mult):
            raise ValueError(f"{numbers} has {len(numbers)} numbers for {len(self.channel_mult)} levels")
        return numbers


def tupled(config: Mapping[str, Any]) -> dict[str, Any]:
    """The same configuration with tuples for lists, as it comes from JSON."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in config.items()}
