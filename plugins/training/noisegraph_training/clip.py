"""Training a CLIP: each text is to find its picture among those of a batch, and each picture its text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, NamedTuple

import noisegraph as ng
import torch
from torch import Tensor
from torch.nn import functional

from .batches import random_of, ranged
from .descent import descend
from .examples import Captioned, Schedule, Trained, origin


class Pairs(NamedTuple):
    """Pictures, and their captions as the text network reads them."""

    pixels: Tensor
    """uint8 [examples, 3, height, width]."""
    tokens: Tensor
    """int64 [examples, length]."""


def loop(
    examples: Pairs,
    held_out: Pairs,
    source: Captioned,
    architecture: ng.Architecture,
    schedule: Schedule,
    noise: float,
) -> ng.Loop[Trained]:
    """The loop that trains `architecture` on `examples`; what is held out is for the card's figures."""
    if len(examples.tokens) != len(examples.pixels):
        told = f"{len(examples.tokens)} captions for {len(examples.pixels)} pictures"
        raise ng.NodeError(told, "take the tokens of these very captions")
    end = dict(architecture.config).get("end_token")
    for read in (examples.tokens, held_out.tokens):
        if end is not None and not (read == end).any(dim=1).all():
            told = f"texts without the end token {end}, their last one is {int(read.max())}"
            raise ng.NodeError(told, "give the network the vocab_size and end_token that the tokenizer has")
    pixels, tokens = examples.pixels.cpu(), trimmed(examples.tokens.cpu())

    def objective(network: Callable[..., Any], iteration: int, device: torch.device) -> Tensor:
        random = random_of(schedule.seed, iteration)
        rows = torch.from_numpy(random.choice(len(pixels), size=min(schedule.batch, len(pixels)), replace=False))
        picture = ranged(pixels[rows])
        drawn = torch.from_numpy(random.standard_normal(tuple(picture.shape), dtype="float32"))
        strength = torch.from_numpy(random.random((len(rows), 1, 1, 1), dtype="float32")) * noise
        return contrastive_loss(network(tokens[rows].to(device), (picture + strength * drawn).to(device)).logits())

    def verdict(network: Callable[..., Any]) -> dict[str, Any]:
        every = zip(torch.split(pixels, 256), torch.split(tokens, 256), strict=True)
        found = [network(text, ranged(picture)) for picture, text in (*every, held_out)]
        texts, pictures = torch.cat([one.text for one in found]), torch.cat([one.image for one in found])
        right = retrieved(texts, pictures, alike(torch.cat([pixels, held_out.pixels])))
        return {
            **origin(source),
            "shape": list(pixels.shape[1:]),
            "retrieval": round(float(right[: len(tokens)].float().mean()), 4),
            "retrieval_held_out": round(float(right[len(tokens) :].float().mean()), 4),
            "training": {"noise": noise, **asdict(schedule)},
        }

    return descend(architecture, schedule, objective, verdict)


def trimmed(tokens: Tensor) -> Tensor:
    """The tokens without the last ones that are the same in every row, but for one; a causal network reads them alike.

    What fills texts up stands after the end, where nothing looks at it.
    """
    varied = (tokens != tokens[:, -1:]).any(dim=0).nonzero()
    return tokens[:, : int(varied.max()) + 2] if len(varied) else tokens[:, :1]


def contrastive_loss(logits: Tensor) -> Tensor:
    """The mean cross-entropy of texts over pictures and of pictures over texts (Radford et al. 2021, figure 3)."""
    own = torch.arange(len(logits), device=logits.device)
    return (functional.cross_entropy(logits, own) + functional.cross_entropy(logits.T, own)) / 2


def retrieved(texts: Tensor, pictures: Tensor, kinds: Tensor) -> Tensor:
    """Whether the picture nearest to each text is one of its own kind, as `alike` tells: bool [texts]."""
    nearest = torch.cat([(some @ pictures.T).argmax(dim=1) for some in torch.split(texts, 1024)]).cpu()
    return kinds[nearest] == kinds


def alike(pixels: Tensor) -> Tensor:
    """For each picture, the first that is the same, bit by bit: int64 [pictures]. One may stand under several texts."""
    first: dict[bytes, int] = {}
    return torch.tensor([first.setdefault(one.numpy().tobytes(), row) for row, one in enumerate(pixels)], device="cpu")
