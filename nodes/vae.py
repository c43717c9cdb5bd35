"""Autoencoders as nodes: the architecture to train, and a trained one between pictures and latents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import noisegraph as ng

from .networks.autoencoder_config import AutoencoderConfig

if TYPE_CHECKING:
    from torch.nn import Module


def build(**config: Any) -> Module:
    """The autoencoder of a configuration; torch is imported only now."""
    from .networks.autoencoder import autoencoder

    return autoencoder(**config)


@ng.node(early=True)
def architecture(*, config: AutoencoderConfig = AutoencoderConfig()) -> ng.Architecture:  # noqa: B008 (it is frozen)
    """An autoencoder without weights, to be trained.

    config: what differs from Stable Diffusion's: widths, blocks, channels of the latent, a codebook (VQ) or none (KL)
    """
    return ng.Architecture(build, tuple((field.name, getattr(config, field.name)) for field in fields(config)))


@ng.hookimpl
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The nodes of this file."""
    return [architecture]
