"""What a card may describe: each kind of network by the names in its configuration, and what a card says of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal, NamedTuple

import noisegraph as ng
from pydantic import Field

from .. import network, text, vae
from ..checkpoints.origin import Origin
from ..checkpoints.stored import Stored
from ..networks.autoencoder_config import AutoencoderConfig
from ..networks.clip_config import CLIPConfig
from ..networks.mlp_config import MLPConfig
from ..networks.ncsn_config import NCSNConfig
from ..networks.prior_config import PriorConfig
from ..networks.unet_config import UNetConfig
from ..unet import build as build_unet

Side = Annotated[int, Field(ge=1, le=65536)]


@dataclass(frozen=True)
class Denoising:
    """What a card says of a denoiser."""

    shape: Annotated[tuple[Side, ...], Field(min_length=1, max_length=3)]
    process: dict[str, Any]
    prediction: ng.Prediction
    learned_variance: bool = False
    classes: Annotated[int, Field(ge=1)] | None = None
    autoencoder: Origin | Annotated[str, Field(max_length=200)] | None = None
    """What made the latents that it was trained on."""
    encoder: Origin | None = None
    """What said the words that it was trained with, or saw the pictures."""


@dataclass(frozen=True)
class Classifying:
    """What a card says of a classifier."""

    shape: tuple[Side, Side, Side]
    process: dict[str, Any]
    classes: Annotated[int, Field(ge=1)]


@dataclass(frozen=True)
class Coding:
    """What a card says of an autoencoder."""

    shape: tuple[Side, Side, Side]
    scale: Annotated[float, Field(gt=0, lt=1e4)]


@dataclass(frozen=True)
class Comparing:
    """What a card says of a CLIP, beside its network: nothing that is asked for."""


@dataclass(frozen=True)
class ClassifierConfig(UNetConfig):
    """A U-Net's configuration, whose half a classifier is, and how a picture becomes one vector."""

    size: Side = 64
    pool: Literal["attention", "adaptive"] = "attention"


class Kind(NamedTuple):
    """A kind of network that training stores."""

    what: str
    node: str
    """That which loads it."""
    says: type
    config: type
    build: Callable[..., Any]


DENOISER, AUTOENCODER = "model.trained", "model.trained_autoencoder"
CLIP, CLASSIFIER = "model.trained_clip", "model.trained_classifier"
KINDS = (
    Kind("a denoiser (U-Net)", DENOISER, Denoising, UNetConfig, build_unet),
    Kind("a denoiser of points", DENOISER, Denoising, MLPConfig, network.build_mlp),
    Kind("a score network", DENOISER, Denoising, NCSNConfig, network.build_ncsn),
    Kind("a prior", DENOISER, Denoising, PriorConfig, network.build_prior),
    Kind("an autoencoder", AUTOENCODER, Coding, AutoencoderConfig, vae.build),
    Kind("a CLIP", CLIP, Comparing, CLIPConfig, text.build),
    Kind("a classifier", CLASSIFIER, Classifying, ClassifierConfig, network.build_classifier),
)
"""A configuration with all its names is written in a card; the first kind that knows them all is meant."""


def kind_of(of: Stored) -> Kind:
    """What a card describes; raises NodeError for a network that is none of ours."""
    named = set(of.card["network"])
    unknown = [named - {field.name for field in fields(kind.config)} for kind in KINDS]
    fewest = min(unknown, key=len)
    if not fewest:
        return KINDS[unknown.index(fewest)]
    strange = ", ".join(sorted(fewest)[:5])[:300]
    hint = "it was trained with another plugin's architecture: the node that loads it is there"
    raise ng.NodeError(f"the card of '{of.path}' describes a network that noisegraph does not know, by {strange}", hint)
