"""The built-in models by name: what training stored, as it is shipped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import noisegraph as ng

from ..checkpoints import stored
from ..checkpoints.origin import Origin, origin
from . import from_card

WEIGHTS = Path(__file__).parent.parent / "weights"


def shipped(name: str) -> stored.Stored:
    """A built-in model's weights with their card."""
    return stored.stored(WEIGHTS / f"{name}.safetensors")


def read_card(name: str) -> Mapping[str, Any]:
    """The card of a built-in model: data, licence, network, process, training."""
    return shipped(name).card


def digest(name: str) -> str:
    """The content hash of a built-in model's weights and card, in hex."""
    return stored.digest(WEIGHTS / f"{name}.safetensors")


def size(name: str) -> int:
    """Bytes of a built-in model's weights."""
    return stored.size(WEIGHTS / f"{name}.safetensors")


def model(name: str) -> from_card.Model:
    """A built-in denoiser, as its card describes it."""
    return from_card.model(shipped(name))


def labelled(name: str) -> from_card.Labelled:
    """A built-in class-conditional denoiser, as its card describes it."""
    return from_card.Labelled(*model(name), read_card(name)["classes"])


def version(name: str) -> Callable[[], str]:
    """What the key of a model's node depends on beside its code."""
    return partial(digest, name)


def facts(name: str, family: str = "", *, autoencoder: str = "", clip: str = "") -> Callable[[ng.Facts], ng.Facts]:
    """What is known of a model's node from its card; its latents or words may be those of another built-in model."""
    return lambda inputs: from_card.model_facts(shipped(name), _origin(autoencoder) or family, _origin(clip))


def _origin(name: str) -> Origin | None:
    return origin(shipped(name).path) if name else None


def labelled_facts(name: str, family: str) -> Callable[[ng.Facts], ng.Facts]:
    """What is known of a class-conditional model's node from its card."""
    return lambda inputs: {**from_card.model_facts(shipped(name), family), "classes": read_card(name)["classes"]}


def space_facts(name: str) -> Callable[[ng.Facts], ng.Facts]:
    """What is known of an autoencoder's node from its card."""
    return lambda inputs: from_card.space_facts(shipped(name))
