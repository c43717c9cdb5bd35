"""Where latents and words come from, for cards: from which autoencoder, and from which text encoder."""

from __future__ import annotations

from typing import Protocol

import noisegraph as ng


class Origin(Protocol):
    """What a network is known by."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def content(self) -> str:
        """The content hash of its weights, in hex."""


class Autoencoder(Protocol):
    """What makes latents of pictures, as vae.load and the models give it."""

    @property
    def scale(self) -> float:
        """What the network's latents are multiplied by."""

    @property
    def origin(self) -> Origin | str:
        """What its latents are known by; those of a published family by its name."""


class TextEncoder(Protocol):
    """What says words, as text.load and the models give it."""

    @property
    def tokenizer(self) -> str:
        """The path of its tokenizer."""

    @property
    def origin(self) -> Origin:
        """What its words are known by."""


def told(vae: Autoencoder | None, encoder: TextEncoder | None) -> dict[str, str | dict[str, str]]:
    """What a card says of them."""
    found = {
        "autoencoder": None if vae is None else vae.origin,
        "encoder": None if encoder is None else encoder.origin,
    }
    return {what: one if isinstance(one, str) else _written(one) for what, one in found.items() if one is not None}


def _written(origin: Origin) -> dict[str, str]:
    return {"name": origin.name, "content": origin.content}


def agreeing(inputs: ng.Facts) -> ng.Facts:
    """Nothing is known of weights; raises NodeError where those that trained are told to stand on other networks."""
    trained, vae, encoder = (inputs.get(port) or {} for port in ("trained", "vae", "encoder"))
    ng.agree("family", trained=trained, vae=vae)
    ng.agree("words", trained=trained, encoder=encoder)
    return {}


def of_data(inputs: ng.Facts) -> ng.Facts:
    """What is known of what learns from latents under conditions: whose they are."""
    latents, wanted = (inputs.get(port) or {} for port in ("latents", "wanted"))
    return {**_only("family", latents), **_only("words", wanted)}


def of_network(inputs: ng.Facts) -> ng.Facts:
    """What is known of a network that learned so."""
    trained = inputs.get("trained") or {}
    return {**_only("family", trained), "reads": _only("words", trained)}


def _only(name: str, facts: ng.Facts) -> ng.Facts:
    return {name: facts[name]} if name in facts else {}
