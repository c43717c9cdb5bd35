"""Networks that the user has trained: the nodes that load what train.weights wrote."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import noisegraph as ng

from ..checkpoints.stored import Stored, size
from ..classifier import LabelClassifier
from ..text import TextEncoder
from . import from_card
from .checked import check_tokenizer, checked
from .from_card import Labelled, Space
from .kinds import AUTOENCODER, CLASSIFIER, CLIP, DENOISER

TrainedFile = Annotated[str, ng.FileKind((".safetensors",))]
TokenizerFile = Annotated[str, ng.FileKind((".json",))]


def card_version(path: str) -> str:
    """What the key of a node that loads weights depends on beside their file: the card."""
    return ng.digest(Path(path).with_suffix(".json"))


def known(node: str, facts: Callable[[Stored], ng.Facts]) -> Callable[[ng.Facts], ng.Facts]:
    """What is known of a node that loads weights from their card and list; raises NodeError for what does not fit."""

    def told(inputs: ng.Facts) -> ng.Facts:
        path = inputs.get("path")
        return facts(checked(path, node)) if isinstance(path, str) else {}

    return told


def denoiser_facts(of: Stored) -> ng.Facts:
    """What is known of `model.trained`."""
    return {**from_card.model_facts(of), "classes": _classes(of)}


@ng.node(early=True, facts=known(DENOISER, denoiser_facts), version=card_version)
def trained(*, path: TrainedFile) -> Labelled:
    """A denoiser that noisegraph trained, of pictures, latents, points or embeddings, with its process.

    Its classes are 0 where it was trained without labels. Latents of another autoencoder than that which its card
    names, and words of another text encoder, are refused.

    path: NAME.safetensors as train.weights wrote it; its card NAME.json lies beside it
    """
    of = checked(path, DENOISER)
    return Labelled(*from_card.model(of), _classes(of))


@ng.node(early=True, facts=known(AUTOENCODER, from_card.space_facts), version=card_version)
def trained_autoencoder(*, path: TrainedFile) -> Space:
    """An autoencoder that noisegraph trained, and the shape of one latent.

    path: NAME.safetensors as train.weights wrote it; its card NAME.json lies beside it
    """
    return from_card.space(checked(path, AUTOENCODER))


def clip_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `model.trained_clip`; raises NodeError for the tokenizer of another."""
    path, tokenizer = inputs.get("path"), inputs.get("tokenizer")
    if not isinstance(path, str) or not isinstance(tokenizer, str):
        return {}
    of = checked(path, CLIP)
    check_tokenizer(of, Path(tokenizer))
    return from_card.text_facts(of)


@ng.node(early=True, facts=clip_facts, version=card_version)
def trained_clip(*, path: TrainedFile, tokenizer: TokenizerFile) -> TextEncoder:
    """A CLIP that noisegraph trained: a text encoder, and for the `vision` nodes one of pictures.

    path: NAME.safetensors as train.weights wrote it; its card NAME.json lies beside it
    tokenizer: the JSON that text.tokenizer made for it
    """
    return from_card.text_encoder(checked(path, CLIP), Path(tokenizer))


def classifier_facts(of: Stored) -> ng.Facts:
    """What is known of a classifier."""
    return {"classes": of.card["classes"], "weights": size(of.path)}


@ng.node(early=True, facts=known(CLASSIFIER, classifier_facts), version=card_version)
def trained_classifier(*, path: TrainedFile) -> LabelClassifier:
    """A classifier of noisy pictures that noisegraph trained, for classifier guidance.

    path: NAME.safetensors as train.weights wrote it; its card NAME.json lies beside it
    """
    return from_card.classifier(checked(path, CLASSIFIER))


def _classes(of: Stored) -> int:
    """How many labels a denoiser knows; 0 where it was trained without."""
    return int(of.card.get("classes") or 0)


NODES = (trained, trained_autoencoder, trained_clip, trained_classifier)
