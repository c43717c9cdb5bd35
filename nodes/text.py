"""Words as conditions: text encoders as nodes."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import noisegraph as ng
from pydantic import Field

from .networks.clip_config import CLIPConfig
from .networks.tokenizer import tokenize, train

if TYPE_CHECKING:
    from torch.nn import Module

Prompt = str | Annotated[list[str], Field(min_length=1, max_length=4096)]


@dataclass(frozen=True)
class TextEncoder:
    """A text network and its tokenizer; the weights' digest covers the tokenizer's file too."""

    weights: ng.Weights
    tokenizer: str
    """Path of the tokenizer's JSON."""
    length: int
    """Tokens of a text, the start and the end among them."""

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """A row of `length` tokens a text; what does not fit is cut off, and told."""
        found = tokenize(Path(self.tokenizer).read_text(encoding="utf-8"), texts, self.length)
        for cut in filter(None, found.cut):
            logging.getLogger(__name__).warning(
                "a prompt is longer than %d tokens; left out: '%s'", self.length - 2, cut
            )
        return found.ids


def build(**config: Any) -> Module:
    """The CLIP of a configuration; torch is imported only now."""
    from .networks.clip import clip

    return clip(**config)


@ng.node(early=True)
def architecture(*, config: CLIPConfig = CLIPConfig()) -> ng.Architecture:  # noqa: B008 (it is frozen)
    """A CLIP without weights, to be trained: a transformer of texts and one of pictures.

    config: what differs from ViT-L/14: vocabulary, length, widths, layers, heads
    """
    return ng.Architecture(build, tuple((field.name, getattr(config, field.name)) for field in fields(config)))


@ng.node
def encode(encoder: TextEncoder, *, prompt: Prompt = "") -> ng.Condition:
    """Words to draw, for a network that is conditioned on text.

    prompt: the words, or a list with one an image, in any script; what is too long is cut off, and told in the log
    """
    import torch

    with torch.no_grad():
        module: Any = encoder.weights.module()
        return ng.Condition({"context": module.text_model(_tokens(encoder, prompt)).states.float()})


@ng.node
def embed(encoder: TextEncoder, *, prompt: Prompt = "") -> ng.Points:
    """Words as unit vectors in the space that a CLIP's texts and pictures share: [texts, dimensions].

    prompt: the words, or a list of texts
    """
    import torch

    with torch.no_grad():
        module: Any = encoder.weights.module()
        return ng.Points(module.embed_text(_tokens(encoder, prompt)).float())


def _tokens(encoder: TextEncoder, prompt: Prompt) -> ng.Tensor:
    import torch

    return torch.tensor(encoder.tokens([prompt] if isinstance(prompt, str) else prompt), device=ng.device())


@ng.node(device=False)
def tokenizer(captions: list[str], *, vocabulary: Annotated[int, Field(ge=258, le=1_000_000)] = 1024) -> dict[str, Any]:
    """A byte-level tokenizer learned from texts, as the JSON of the `tokenizers` package (Sennrich et al. 2016).

    captions: the texts
    vocabulary: how many tokens there are, 256 bytes, the start and the end among them
    """
    return train(captions, vocabulary)


@ng.node(device=False)
def tokens(
    captions: list[str], tokenizer: dict[str, Any], *, length: Annotated[int, Field(ge=3, le=4096)] = 32
) -> ng.Tensor:
    """Texts as a text network reads them: int64 [texts, length].

    tokenizer: from text.tokenizer
    length: tokens of a text, the start and the end among them; what does not fit is cut off
    """
    import torch

    return torch.tensor(tokenize(json.dumps(tokenizer), captions, length).ids)


@ng.hookimpl
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The nodes of this file."""
    return [architecture, encode, embed, tokenizer, tokens]
