"""Networks to train, beside U-Nets, autoencoders and CLIPs; and what a network costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import noisegraph as ng
from pydantic import Field

from .networks.mlp_config import MLPConfig
from .networks.ncsn_config import NCSNConfig
from .networks.prior_config import PriorConfig
from .networks.unet_config import UNetConfig

if TYPE_CHECKING:
    from torch.nn import Module


class Cost(NamedTuple):
    """What a network takes, one number each."""

    multiplications: ng.Tensor
    """Of one evaluation for one item, in millions."""
    parameters: ng.Tensor
    """In millions."""


def build_mlp(**config: Any) -> Module:
    """The network of points of a configuration; torch is imported only now."""
    from .networks.mlp import mlp

    return mlp(**config)


def build_ncsn(**config: Any) -> Module:
    """The score network of a configuration; torch is imported only now."""
    from .networks.ncsn import ncsn

    return ncsn(**config)


def build_prior(**config: Any) -> Module:
    """The prior of a configuration; torch is imported only now."""
    from .networks.prior import prior

    return prior(**config)


def build_classifier(**config: Any) -> Module:
    """The classifier of a configuration; torch is imported only now."""
    from .networks.classifier import classifier

    return classifier(**config)


@ng.node(early=True)
def mlp(*, config: MLPConfig = MLPConfig()) -> ng.Architecture:  # noqa: B008 (it is frozen)
    """A network of points that is told the time: a denoiser, or a score, of few dimensions.

    config: dimensions, width, depth
    """
    return ng.Architecture(build_mlp, _written(config))


@ng.node(early=True)
def ncsn(*, config: NCSNConfig = NCSNConfig()) -> ng.Architecture:  # noqa: B008 (it is frozen)
    """A noise-conditional score network, a RefineNet (Song & Ermon 2019).

    config: what differs from that for CIFAR-10: channels, width, the ladder of noise
    """
    return ng.Architecture(build_ncsn, _written(config))


@ng.node(early=True)
def prior(*, config: PriorConfig = PriorConfig()) -> ng.Architecture:  # noqa: B008 (it is frozen)
    """The prior of unCLIP, a transformer from words to the embedding of a picture (Ramesh et al. 2022, section 2.2).

    config: what differs from Karlo's: dimensions of the embeddings, width, layers
    """
    return ng.Architecture(build_prior, _written(config))


@ng.node(early=True)
def classifier(
    *,
    size: Annotated[int, Field(ge=1, le=65536)] = 64,
    pool: Literal["attention", "adaptive"] = "attention",
    config: UNetConfig = UNetConfig(),  # noqa: B008 (it is frozen)
) -> ng.Architecture:
    """A classifier of noisy pictures, the encoder half of a U-Net (Dhariwal & Nichol 2021, section 4).

    size: pixels a side
    pool: how a picture becomes one vector
    config: of the U-Net whose half it is; as many output channels as classes
    """
    return ng.Architecture(build_classifier, (("size", size), ("pool", pool), *_written(config)))


@ng.node(device=False)
def cost(architecture: ng.Architecture, like: ng.Latent, condition: ng.Condition | None = None) -> Cost:
    """What an evaluation of a network costs: its multiplications, counted and not run, and its parameters.

    like: data as the network sees them, any number of items
    condition: what it is told beside them, if it is told something
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    told = {name: value[:1].to("meta") for name, value in (condition or {}).items()}
    with torch.no_grad(), torch.device("meta"):
        module = architecture.module().eval()
        with FlopCounterMode(display=False) as counter:
            module(like[:1].to("meta"), torch.zeros(1), **told)
    parameters = sum(parameter.numel() for parameter in module.parameters())
    # What torch counts are multiplications and additions.
    return Cost(*(torch.tensor([count / 1e6], device="cpu") for count in (counter.get_total_flops() / 2, parameters)))


def _written(config: MLPConfig | NCSNConfig | PriorConfig | UNetConfig) -> tuple[tuple[str, Any], ...]:
    return tuple((field.name, getattr(config, field.name)) for field in fields(config))


@ng.hookimpl
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The nodes of this file."""
    return [mlp, ncsn, prior, classifier, cost]
