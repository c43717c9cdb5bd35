"""Nodes that make tensors of 64 MB."""

from __future__ import annotations

import noisegraph as ng
import torch


@ng.node
def large(*, value: float = 1.0) -> ng.Latent:
    """16 million numbers."""
    return ng.Latent(torch.full((16_000_000,), value))


@ng.node
def grown(x: ng.Latent, *, by: float = 1.0) -> ng.Latent:
    """As many, each larger."""
    return ng.Latent(x + by)
