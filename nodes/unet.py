"""U-Nets as nodes: the architecture to train, and a trained one as a denoiser."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import noisegraph as ng

from .networks.unet_config import UNetConfig

if TYPE_CHECKING:
    from torch.nn import Module


def build(**config: Any) -> Module:
    """The U-Net of a configuration; torch is imported only now."""
    from .networks.unet import unet

    return unet(**config)


@ng.node(early=True)
def architecture(*, config: UNetConfig = UNetConfig()) -> ng.Architecture:  # noqa: B008 (it is frozen)
    """A U-Net without weights, to be trained.

    config: what differs from a DDPM's U-Net for colour pictures: channels, levels, attention, conditions
    """
    return ng.Architecture(build, tuple((field.name, getattr(config, field.name)) for field in fields(config)))


def denoiser_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `unet.denoiser`: what is known of its network, which it shares."""
    return {name: fact for name, fact in inputs["unet"].items() if name != "weights"}


@ng.node(early=True, facts=denoiser_facts)
def denoiser(unet: ng.Network, condition: ng.Condition | None = None) -> ng.Denoiser:
    """A U-Net under one condition, as a denoiser.

    condition: what it is told beside the state: a label, words; none for a network that takes none
    """
    return ng.Conditioned(unet, {} if condition is None else condition)


@ng.hookimpl
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The nodes of this file."""
    return [architecture, denoiser]
