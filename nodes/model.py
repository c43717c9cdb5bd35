"""The built-in models: their cards are read at once, their weights when a network is first asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import noisegraph as ng

from . import unet
from .networks.unet_config import tupled

WEIGHTS = Path(__file__).parent / "weights"


class LabelledModel(NamedTuple):
    """A class-conditional model of pictures in pixel space."""

    unet: ng.Network
    process: ng.Process
    latent: ng.Shape
    """The shape of one picture, values in [-1, 1]."""
    classes: int
    """How many labels there are; the empty label is the one after them."""


def read_card(name: str) -> dict[str, Any]:
    """The card of a built-in model: data, licence, network, process, training."""
    card: dict[str, Any] = json.loads((WEIGHTS / f"{name}.json").read_text(encoding="utf-8"))
    return card


def digest(name: str) -> str:
    """The content hash of a built-in model's weights and card, in hex."""
    from blake3 import blake3

    hasher = blake3((WEIGHTS / f"{name}.safetensors").read_bytes())
    return str(hasher.update((WEIGHTS / f"{name}.json").read_bytes()).hexdigest())


def digit_version() -> str:
    """What the key of `model.digit` depends on beside its code."""
    return digest("digit")


def digit_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `model.digit` from its card."""
    card = read_card("digit")
    latent = {"family": "digit", "sizes": tuple(card["shape"])}
    weights = (WEIGHTS / "digit.safetensors").stat().st_size
    return {"classes": card["classes"], "latent": latent, "unet": {**latent, "weights": weights}}


@ng.node(early=True, facts=digit_facts, version=digit_version)
def digit() -> LabelledModel:
    """Handwritten digits of 8 x 8 pixels, drawn by label: the noisegraph project's own DDPM."""
    card = read_card("digit")
    process = ng.DiscreteVP(**{name: value for name, value in card["process"].items() if name != "kind"})
    network = ng.Network(_weights("digit", card["network"]), process, card["prediction"])
    return LabelledModel(network, process, ng.Shape(tuple(card["shape"])), card["classes"])


def _weights(name: str, config: dict[str, Any]) -> ng.Weights:
    hashable = tuple(tupled(config).items())
    return ng.Weights(str(WEIGHTS / f"{name}.safetensors"), digest(name), unet.build, hashable)


@ng.hookimpl
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The nodes of this file."""
    return [digit]
