"""What the built-in models share: cards that are read at once, weights when a network is first asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import noisegraph as ng

from ..networks.unet_config import tupled
from ..unet import build as build_unet
from .eight_bits import EightBits

WEIGHTS = Path(__file__).parent.parent / "weights"
PROCESSES: dict[str, Callable[..., ng.Process]] = {
    "DiscreteVP": lambda **fields: ng.DiscreteVP(**fields),
    "GeometricVE": lambda **fields: ng.GeometricVE(**fields),
}
"""By the name that a card gives them."""


class Model(NamedTuple):
    """A network, the process it was trained on, and what it draws."""

    unet: ng.Network
    process: ng.Process
    latent: ng.Shape
    """The shape of one item, without noise of about unit variance or in [-1, 1]."""


def read_card(name: str) -> dict[str, Any]:
    """The card of a built-in model: data, licence, network, process, training."""
    card: dict[str, Any] = json.loads((WEIGHTS / f"{name}.json").read_text(encoding="utf-8"))
    return card


def digest(name: str) -> str:
    """The content hash of a built-in model's weights and card, in hex."""
    from blake3 import blake3

    hasher = blake3((WEIGHTS / f"{name}.safetensors").read_bytes())
    return str(hasher.update((WEIGHTS / f"{name}.json").read_bytes()).hexdigest())


def weights(
    name: str, config: dict[str, Any], build: Callable[..., Any] = build_unet, content: str | None = None
) -> ng.Weights:
    """The weights of a built-in model, to be loaded when they are first asked for."""
    hashable = tuple(tupled(config).items())
    read = EightBits() if read_card(name).get("stored") == "int8" else None
    return ng.Weights(str(WEIGHTS / f"{name}.safetensors"), content or digest(name), build, hashable, read)


def size(name: str) -> int:
    """Bytes of a built-in model's weights."""
    return (WEIGHTS / f"{name}.safetensors").stat().st_size


def process(card: dict[str, Any]) -> ng.Process:
    """The process that a card describes."""
    fields = {name: value for name, value in card["process"].items() if name != "kind"}
    return PROCESSES[card["process"]["kind"]](**fields)


def model(name: str, build: Callable[..., Any] = build_unet) -> Model:
    """A built-in denoiser, as its card describes it."""
    card = read_card(name)
    own = process(card)
    network = ng.Network(
        weights(name, card["network"], build), own, card["prediction"], card.get("learned_variance", False)
    )
    return Model(network, own, ng.Shape(tuple(card["shape"])))


def version(name: str) -> Callable[[], str]:
    """What the key of a model's node depends on beside its code."""
    return partial(digest, name)


def facts(name: str, family: str) -> Callable[[ng.Facts], ng.Facts]:
    """What is known of a model's node from its card."""

    def known(inputs: ng.Facts) -> ng.Facts:
        latent = {"family": family, "sizes": tuple(read_card(name)["shape"])}
        return {"latent": latent, "unet": {**latent, "weights": size(name)}}

    return known
