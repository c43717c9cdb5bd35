"""Layers of torch's that draw nothing on the meta device, where values have no place: a file will bring them."""

from __future__ import annotations

from torch import nn


class Linear(nn.Linear):
    """A linear layer."""

    def reset_parameters(self) -> None:
        """Draw its values; a large network is loaded in three quarters of the time where that is left out."""
        if not self.weight.is_meta:
            super().reset_parameters()


class Conv2d(nn.Conv2d):
    """A convolution."""

    def reset_parameters(self) -> None:
        """Draw its values."""
        if not self.weight.is_meta:
            super().reset_parameters()


class LayerNorm(nn.LayerNorm):
    """Normalization of each place."""

    def reset_parameters(self) -> None:
        """Set its values."""
        if not self.weight.is_meta:
            super().reset_parameters()
