"""A text encoder as a value, and its tokens: in rows of the length that its network reads, with a weight each."""

from __future__ import annotations

import importlib.util
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import noisegraph as ng

from ..checkpoints.lora import config_beneath
from ..checkpoints.origin import Origin, origin
from ..networks.tokenizer import END, START
from ..networks.vocabulary import bert_json, clip_json, gpt2_json
from .attention import Piece

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Kind = Literal["clip", "bert", "glide"]
PACKAGED = ("open_clip", "bpe_simple_vocab_16e6.txt.gz")
"""An installed package that carries CLIP's vocabulary, and its file there."""
_JSON = {"clip": clip_json, "bert": bert_json, "glide": gpt2_json}
_WANTED = {
    "clip": "CLIP's vocabulary: tokenizer.json, vocab.json with merges.txt, or bpe_simple_vocab_16e6.txt.gz; it also "
    "comes with `pip install --no-deps open_clip_torch`",
    "bert": "BERT's: vocab.txt or tokenizer.json of bert-base-uncased",
    "glide": "GLIDE's: tokenizer.json, or vocab.json with merges.txt, of GPT-2",
}


@dataclass(frozen=True)
class Embedding:
    """Vectors that a word stands for (Gal et al. 2022), as a file has them."""

    name: str
    path: str
    key: str
    count: int


@dataclass(frozen=True)
class TextEncoder:
    """A text network and its tokenizer; the weights' digest covers the tokenizer's file too."""

    weights: ng.Weights
    tokenizer: str
    """Path of the tokenizer's file; empty where there is none yet."""
    length: int
    """Tokens of a text, the start and the end among them."""
    kind: Kind = "clip"
    pad: int | None = None
    """What fills a text up; None: the end again."""
    skip: int = 1
    """Which layer it is read at, from the end."""
    norm: bool = True
    """Whether the last norm is applied."""
    vector: bool = False
    """Whether it gives a vector for the whole text too."""
    beside: tuple[TextEncoder, ...] = ()
    """Encoders of the same text whose states stand after this one's (Stable Diffusion XL)."""
    embeddings: tuple[Embedding, ...] = ()

    @property
    def origin(self) -> Origin:
        """What its words are known by."""
        return origin(Path(self.weights.path))

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """A row of `length` tokens a text; what does not fit is cut off, and told."""
        words = Words(self)
        rows = []
        for text in texts:
            ids = words.ids(text)
            room = words.room
            if len(ids) > room:
                cut = words.tokenizer.decode([one for one in ids[room:] if one < words.tokenizer.get_vocab_size()])
                logging.getLogger(__name__).warning(
                    "a prompt is longer than %d tokens; left out: '%s'", room, cut.strip()
                )
            rows.append(words.row(ids[:room]))
        return rows


class Chunks(NamedTuple):
    """A prompt in rows that a network can read, with the weight of each token, and which piece each is of (or -1)."""

    rows: list[list[int]]
    weights: list[list[float]]
    pieces: list[list[int]]


@dataclass(frozen=True)
class Words:
    """The tokens of an encoder's words."""

    encoder: TextEncoder

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """Its tokenizer; raises NodeError where there is none, or none of its kind."""
        from tokenizers import Tokenizer

        kind, path = self.encoder.kind, self.encoder.tokenizer
        if not path:
            raise ng.NodeError(*no_vocabulary(kind, self.encoder.weights.path))
        try:
            made = Tokenizer.from_str(_JSON[kind](Path(path)))
        except Exception as error:  # tokenizers raises nothing narrower
            raise ng.NodeError(f"'{path}' is no tokenizer: {str(error)[:200]}", f"wanted {_WANTED[kind]}") from error
        made.no_padding()
        made.no_truncation()
        made.encode_special_tokens = True  # a text that spells the end out does not end there
        return made

    @cached_property
    def ends(self) -> tuple[list[int], list[int], int]:
        """What stands before a text, what after it, and what fills it up."""
        if self.encoder.kind == "glide":
            return [], [], self._vocabulary - 1
        names = ("[CLS]", "[SEP]") if self.encoder.kind == "bert" else (START, END)
        start, end = map(self.tokenizer.token_to_id, names)
        if start is None or end is None:
            raise ng.NodeError(f"the tokenizer '{self.encoder.tokenizer}' has no '{names[0]}' or no '{names[1]}'")
        pad = 0 if self.encoder.kind == "bert" else end if self.encoder.pad is None else self.encoder.pad
        return [start], [end], pad

    @cached_property
    def _vocabulary(self) -> int:
        return int(config_beneath(self.encoder.weights)["vocab_size"])

    @property
    def room(self) -> int:
        """Tokens of a text without what stands before and after."""
        return self.encoder.length - len(self.ends[0]) - len(self.ends[1])

    def ids(self, text: str) -> list[int]:
        """The tokens of a text; words that stand for vectors of an embedding have one for each."""
        if not self.encoder.embeddings:
            return list(self.tokenizer.encode(text, add_special_tokens=False).ids)
        firsts, first = {}, self._vocabulary
        for one in self.encoder.embeddings:
            firsts[one.name.lower()] = list(range(first, first + one.count))
            first += one.count
        names = "|".join(sorted(map(re.escape, firsts), key=len, reverse=True))
        found: list[int] = []
        for number, part in enumerate(re.split(rf"(?<!\w)(?:embedding:)?({names})(?!\w)", text, flags=re.IGNORECASE)):
            plain = self.tokenizer.encode(part, add_special_tokens=False).ids if part.strip() and not number % 2 else []
            found += firsts[part.lower()] if number % 2 else plain
        return found

    def row(self, ids: Sequence[int]) -> list[int]:
        """Tokens between start and end, filled up to the length."""
        start, end, pad = self.ends
        return [*start, *ids, *end, *[pad] * (self.room - len(ids))]

    def chunks(self, pieces: Sequence[Piece]) -> Chunks:
        """A prompt of any length in rows; BREAK begins one, and so does what no longer fits."""
        taken: list[list[tuple[int, float, int]]] = [[]]
        for number, piece in enumerate(pieces):
            for one in self.ids(piece.text) if piece.text.strip() else []:
                if len(taken[-1]) == self.room:
                    taken.append([])
                taken[-1].append((one, piece.weight, number))
            if piece.breaks:
                taken.append([])
        before = len(self.ends[0])
        rows = [self.row([one for one, _, _ in row]) for row in taken]
        weights, of = [[1.0] * len(row) for row in rows], [[-1] * len(row) for row in rows]
        for index, row in enumerate(taken):
            for place, (_, weight, number) in enumerate(row, before):
                weights[index][place], of[index][place] = weight, number
        return Chunks(rows, weights, of)


def no_vocabulary(kind: Kind, path: str) -> tuple[str, str]:
    """What is wrong where there is none for a checkpoint's words, and what to try."""
    places = "put it beside the checkpoint, or in a folder of $NOISEGRAPH_MODELS" if kind == "clip" else "give its file"
    return f"no vocabulary for '{path}'", f"{places}, or give it to text.load as `tokenizer`: {_WANTED[kind]}"


def found_tokenizer(kind: Kind, folder: Path | None, beside: Path | None = None) -> str:
    """The path of a vocabulary: in a checkpoint's folder, or the folder `beside` it, among models, in a package.

    Empty where it is nowhere.
    """
    names = {"clip": ("tokenizer.json", "vocab.json"), "bert": ("tokenizer.json", "vocab.txt")}.get(
        kind, ("tokenizer.json", "vocab.json")
    )
    places = [] if folder is None else [folder / name for name in names]
    if kind == "clip":
        places += [one / PACKAGED[1] for one in (*([] if beside is None else [beside]), *ng.model_folders())]
        places += _packaged()
    return next((str(place) for place in places if place.is_file()), "")


def _packaged() -> list[Path]:
    """The data file of the installed package, which is not imported."""
    found = importlib.util.find_spec(PACKAGED[0])
    return [Path(place) / PACKAGED[1] for place in (found.submodule_search_locations or [])] if found else []


def vectors(encoder: TextEncoder) -> Any:
    """The vectors of its embeddings, [count, width]; None where there are none. Raises NodeError."""
    import torch

    from ..checkpoints.checkpoint import opened
    from ..checkpoints.part import Files

    if not encoder.embeddings:
        return None
    files = Files()
    found = [files.tensor(opened(one.path).entries[one.key]) for one in encoder.embeddings]
    return torch.cat([one.reshape(-1, one.shape[-1]).float() for one in found]).to(ng.device())
