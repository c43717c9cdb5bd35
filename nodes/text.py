"""Words as conditions: text encoders as nodes."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import noisegraph as ng
from pydantic import Field

from .checkpoints.checkpoint import CheckpointFile, opened
from .checkpoints.lora import LoraFiles, several
from .checkpoints.published import published
from .networks.clip_config import CLIPConfig
from .networks.tokenizer import tokenize, train
from .prompts import adapted, inversion, known, loading
from .prompts.encoder import TextEncoder as TextEncoder
from .prompts.encoding import describe, plain, weighted
from .prompts.grammar import spans
from .prompts.sizes import sinusoids
from .prompts.still import still, warn_of_words
from .prompts.weighting import Weighting

if TYPE_CHECKING:
    from torch.nn import Module

TokenizerFile = Annotated[str, ng.FileKind((".json", ".txt", ".gz"))]
Side = Annotated[int, Field(ge=0, le=65536)]
Pair = Annotated[list[Side], Field(min_length=2, max_length=2)]
Prompt = str | Annotated[list[str], Field(min_length=1, max_length=65536)]


class Schedule(NamedTuple):
    """What a prompt is along a walk."""

    conditions: list[ng.Condition]
    """One after another."""
    shares: list[float]
    """How many of the steps each is for."""


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


def load_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `text.load` from the file's list of tensors."""
    path = inputs.get("path")
    return loading.facts(published(path), inputs.get("tokenizer") or "") if isinstance(path, str) else {}


@ng.node(early=True, facts=load_facts, version=loading.vocabulary_version)
def load(*, path: CheckpointFile, tokenizer: TokenizerFile | None = None) -> TextEncoder:
    """The text encoders of a published checkpoint: CLIP, OpenCLIP, latent diffusion's BERT, GLIDE's transformer.

    path: a safetensors, ckpt or pt file, or a folder in the layout of diffusers or transformers
    tokenizer: tokenizer.json, vocab.json, vocab.txt or CLIP's bpe_simple_vocab_16e6.txt.gz; none: found beside it,
        below $NOISEGRAPH_MODELS, or in the installed package open_clip_torch
    """
    return loading.loaded(published(path), tokenizer or "")


@ng.node(facts=known.said)
def encode(encoder: TextEncoder, *, prompt: Prompt = "") -> ng.Condition:
    """Words to draw, for a network that is conditioned on text.

    prompt: the words, or a list with one an image, in any script; what is too long is cut off, and told in the log
    """
    return plain(encoder, [prompt] if isinstance(prompt, str) else prompt)


@ng.node(facts=known.said)
def weigh(encoder: TextEncoder, *, prompt: Prompt = "", weighting: Weighting = "a1111") -> ng.Condition:
    """Words to draw, some more than others: `(word:1.2)`, `((word))`, `[word]`, BREAK; of any length, in chunks.

    prompt: the words, or a list with one an image; what would change along the walk is as at its start, told in the log
    weighting: a1111 scales states and keeps their mean; comfyui goes away from the empty text; compel mixes as well
    """
    texts = [prompt] if isinstance(prompt, str) else prompt
    return weighted(encoder, [still(text) for text in texts], weighting)


@ng.node(facts=known.schedule)
def schedule(
    encoder: TextEncoder,
    *,
    prompt: str = "",
    steps: Annotated[int, Field(ge=1, le=10_000)] = 20,
    weighting: Weighting = "a1111",
) -> Schedule:
    """A prompt that changes along the walk, `[a:b:0.5]` and `[a|b]`: its conditions and shares, for guide.prompts.

    prompt: in A1111's grammar; `noisegraph show --prompt` tells how it is read
    steps: those that the sampler takes
    weighting: as in text.weigh
    """
    warn_of_words(prompt)
    found = spans(prompt, steps)
    said = {text: weighted(encoder, [text], weighting) for text in dict.fromkeys(span.text for span in found)}
    ends = [0, *(span.until for span in found)]
    shares = [float(end - start) for start, end in pairwise(ends)]
    return Schedule([said[span.text] for span in found], shares)


@ng.node(early=True, facts=known.encoder)
def skip(encoder: TextEncoder, *, layers: Annotated[int, Field(ge=1, le=12)] = 2) -> TextEncoder:
    """Clip skip: a text encoder that is read before its last layers.

    layers: which from the end; 1 is the last, 2 the one before it
    """
    others = tuple(replace(one, skip=layers) for one in encoder.beside)
    return replace(encoder, skip=layers, beside=others)


@ng.node(early=True, facts=known.encoder)
def embedding(encoder: TextEncoder, *, path: CheckpointFile, word: str = "") -> TextEncoder:
    """A text encoder with a textual inversion (Gal et al. 2022): a word that stands for learned vectors.

    path: a file of embeddings, of A1111 or diffusers; its vectors stand beside the vocabulary, which stays as it is
    word: what to write in prompts; empty: the file's name
    """
    return inversion.added(encoder, opened(path), word)


def lora_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `text.lora`; raises NodeError for a file that is for another network."""
    told = inputs.get("encoder", {})
    for path in several(inputs.get("path")) if "path" in told else ():
        adapted.check(opened(told["path"]), opened(path))
    return dict(told)


@ng.node(early=True, facts=lora_facts)
def lora(
    encoder: TextEncoder, *, path: LoraFiles, strength: Annotated[float, Field(ge=-10, le=10)] = 1.0
) -> TextEncoder:
    """Text encoders with a LoRA beside their layers (Hu et al. 2022), which stay as they are. Several may follow.

    path: a LoRA with kohya's names or those of diffusers, or a list of some, which may be empty; what they have for
        the U-Net is left to unet.lora
    strength: of the branches; 0 is the encoders without them
    """
    for one in several(path) if strength else ():
        encoder = adapted.adapted(encoder, opened(one), strength)
    return encoder


@ng.node(facts=known.sized)
def sizes(
    condition: ng.Condition,
    image: ng.Image | None = None,
    *,
    height: Side = 1024,
    width: Side = 1024,
    original: Pair | None = None,
    crop: Pair = [0, 0],  # noqa: B006 (parameters come from JSON, and are not changed)
) -> ng.Condition:
    """The condition of Stable Diffusion XL: with the picture's sizes after the vector of the words.

    condition: one without such a vector is another model's, and stays as it is
    image: one of the size of the picture to draw; height and width then do not count
    height: of the picture, in pixels
    width: of the picture, in pixels
    original: height and width that it is to seem to have had; its own, where they are not given
    crop: what is to seem cut off at the top and the left
    """
    if "vector" not in condition:
        return condition
    own = [height, width] if image is None else image.shape[2:]
    return _with_numbers(condition, [*(original or own), *crop, *own])


@ng.node(facts=known.longer(5))
def aesthetics(
    condition: ng.Condition,
    *,
    height: Side = 1024,
    width: Side = 1024,
    crop: Pair = [0, 0],  # noqa: B006
    score: Annotated[float, Field(ge=0, le=100)] = 6.0,
) -> ng.Condition:
    """The condition of Stable Diffusion XL's refiner: with sizes and a score after the vector of the words.

    height: that the picture is to seem to have had, in pixels
    width: that it is to seem to have had
    crop: what is to seem cut off at the top and the left
    score: how beautiful it is to be: 6 for what is wanted, 2.5 for what is not
    """
    return _with_numbers(condition, [height, width, *crop, score])


def _with_numbers(condition: ng.Condition, numbers: Sequence[float]) -> ng.Condition:
    import torch

    if "vector" not in condition:
        raise ng.NodeError(*known.NO_VECTOR)
    vector = condition["vector"]
    told = sinusoids(numbers).to(vector).expand(len(vector), -1)
    return ng.Condition({**condition, "vector": torch.cat([vector, told], dim=1)})


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
    return [
        architecture,
        load,
        encode,
        weigh,
        schedule,
        skip,
        embedding,
        lora,
        sizes,
        aesthetics,
        embed,
        tokenizer,
        tokens,
    ]


@ng.hookimpl
def noisegraph_describers() -> Sequence[ng.Describer]:
    """Tells how a prompt is read."""
    return [ng.Describer("prompt", lambda path: None, describe)]
