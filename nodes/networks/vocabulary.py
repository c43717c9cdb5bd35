"""CLIP's vocabulary, wherever it lies, as a tokenizer of the `tokenizers` package; BERT's and GPT-2's beside it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from .tokenizer import END, START

MERGES = 49152 - 256 - 2
"""How many of the merges of its data file CLIP uses."""
LARGEST = 64 * 2**20
_WORDS = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


def clip_json(file: Path) -> str:
    """CLIP's tokenizer as JSON, from tokenizer.json, vocab.json (with merges.txt beside it), or OpenAI's merges (.gz).

    Raises ValueError for a file that is none of these, OSError for one that cannot be read.
    """
    if file.name == "vocab.json":
        vocabulary = {str(word): int(number) for word, number in json.loads(_text(file)).items()}
        return _clip(vocabulary, _pairs(_text(file.with_name("merges.txt")).splitlines()))
    if file.suffix == ".json":
        return _text(file)
    merges = _pairs(_text(file).splitlines()[1:][:MERGES])
    letters = _letters()
    words = [*letters, *(f"{letter}</w>" for letter in letters), *("".join(pair) for pair in merges), START, END]
    return _clip({word: number for number, word in enumerate(words)}, merges)


def bert_json(file: Path) -> str:
    """The tokenizer of an uncased BERT, from its tokenizer.json or vocab.txt; raises ValueError or OSError."""
    if file.suffix == ".json":
        return _text(file)
    from tokenizers import BertWordPieceTokenizer

    words = _text(file).splitlines()
    return str(BertWordPieceTokenizer({word: number for number, word in enumerate(words)}, lowercase=True).to_str())


def gpt2_json(file: Path) -> str:
    """GPT-2's tokenizer, in lower case as GLIDE reads, from tokenizer.json or vocab.json with merges.txt beside it."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    if file.name != "vocab.json":
        return _text(file)
    vocabulary = {str(word): int(number) for word, number in json.loads(_text(file)).items()}
    made = Tokenizer(models.BPE(vocabulary, _pairs(_text(file.with_name("merges.txt")).splitlines())))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return str(made.to_str())


def _clip(vocabulary: dict[str, int], merges: list[tuple[str, str]]) -> str:
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

    made = Tokenizer(models.BPE(vocabulary, merges, unk_token=END, end_of_word_suffix="</w>"))
    made.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_WORDS), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    made.add_special_tokens([START, END])
    return str(made.to_str())


def _pairs(lines: list[str]) -> list[tuple[str, str]]:
    parts = [line.split() for line in lines if line.strip() and not line.startswith("#version")]
    if not all(len(part) == 2 for part in parts):
        raise ValueError("its merges are not pairs")
    return [(part[0], part[1]) for part in parts]


def _letters() -> list[str]:
    """The 256 bytes as the characters that stand for them, in the order of GPT-2 (Radford et al. 2019)."""
    shown = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    hidden = 256 - len(shown)
    return [chr(one) for one in shown] + [chr(256 + number) for number in range(hidden)]


def _text(file: Path) -> str:
    if file.stat().st_size > LARGEST:
        raise ValueError(f"it has more than {LARGEST} bytes")
    if file.suffix != ".gz":
        return file.read_text(encoding="utf-8")
    with gzip.open(file, "rt", encoding="utf-8") as text:
        found = text.read(LARGEST + 1)
    if len(found) > LARGEST:
        raise ValueError(f"it unpacks to more than {LARGEST} characters")
    return found
