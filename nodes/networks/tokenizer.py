"""From texts to the numbers that a text network reads: byte-level pairs, so that no character is unknown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from tokenizers import Tokenizer

START, END = "<|startoftext|>", "<|endoftext|>"


class Tokens(NamedTuple):
    """Texts as tokens."""

    ids: list[list[int]]
    """A row a text, all of one length: the start, the text, the end, and the end again up to the length."""
    cut: list[str]
    """The end of each text that did not fit, empty where all did."""


def train(texts: Iterable[str], vocabulary: int) -> dict[str, Any]:
    """A tokenizer, as the JSON of the `tokenizers` package: pairs of bytes merged by frequency (Sennrich et al. 2016).

    Texts are read in lower case. The last two of the `vocabulary` are the start and the end.
    """
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    made = Tokenizer(models.BPE())
    made.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    made.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    made.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=vocabulary - 2, initial_alphabet=alphabet, show_progress=False)
    )
    made.add_special_tokens([START, END])
    found: dict[str, Any] = json.loads(made.to_str())
    return found


def tokenize(tokenizer: str, texts: Sequence[str], length: int) -> Tokens:
    """Texts as rows of `length` tokens; `tokenizer` is its JSON."""
    from tokenizers import Tokenizer

    made = Tokenizer.from_str(tokenizer)
    made.encode_special_tokens = True  # a text that spells the end out does not end there
    start, end = _special(made, START), _special(made, END)
    encodings = [made.encode(text, add_special_tokens=False) for text in texts]
    kept = [encoding.ids[: length - 2] for encoding in encodings]
    rows = [[start, *ids, *[end] * (length - 1 - len(ids))] for ids in kept]
    return Tokens(rows, [made.decode(encoding.ids[length - 2 :]).strip() for encoding in encodings])


def _special(tokenizer: Tokenizer, text: str) -> int:
    found = tokenizer.token_to_id(text)
    if found is None:
        raise ValueError(f"the tokenizer has no '{text}'")
    return found
