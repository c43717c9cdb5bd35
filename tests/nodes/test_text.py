"""Texts as conditions: no character is unknown, what is too long is cut off and told, the empty text is one too."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes import text
from noisegraph.nodes.networks.clip import clip
from noisegraph.nodes.networks.tokenizer import tokenize
from noisegraph.nodes.text import TextEncoder
from safetensors.torch import save_file

CAPTIONS = ["red heart", "green heart", "green apple", "cat with tears of joy", "red apple"] * 3
TOKENIZER = text.tokenizer(CAPTIONS, vocabulary=280)
START, END = 278, 279
CONFIG: dict[str, Any] = {
    "vocab_size": 280,
    "end_token": END,
    "length": 12,
    "text_width": 16,
    "text_layers": 1,
    "text_heads": 2,
    "image_size": 8,
    "patch_size": 4,
    "image_width": 16,
    "image_layers": 1,
    "image_heads": 2,
    "projection_dim": 6,
}


def ids(words: str, length: int = 12) -> list[int]:
    return tokenize(json.dumps(TOKENIZER), [words], length).ids[0]


@pytest.fixture
def encoder(tmp_path: Path) -> TextEncoder:
    """A text encoder of random weights."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        save_file(clip(**CONFIG).state_dict(), tmp_path / "clip.safetensors")
    (tmp_path / "tokenizer.json").write_text(json.dumps(TOKENIZER))
    weights = ng.Weights(str(tmp_path / "clip.safetensors"), "0", text.build, tuple(CONFIG.items()))
    return TextEncoder(weights, str(tmp_path / "tokenizer.json"), 12)


def test_frequent_pairs_of_bytes_become_one_token_and_case_does_not_matter() -> None:
    assert ids("red heart") == ids("Red HEART")
    assert len(set(ids("red heart"))) - 2 < len("red heart")


def test_a_text_stands_between_start_and_end_and_the_end_fills_it_up() -> None:
    row = ids("red")
    assert row[0] == START
    assert row[row.index(END) :] == [END] * (12 - row.index(END))
    assert ids("") == [START] + [END] * 11


@pytest.mark.parametrize("words", ["日本の旗", "🍎 Ünïcödé \x00 ﷽", "<|endoftext|>"])
def test_no_character_is_unknown(words: str) -> None:
    row = ids(words, 200)
    assert row.count(START) == 1
    assert 2 < row.index(END) < 199
    assert tokenize(json.dumps(TOKENIZER), [words], 200).cut == [""]


def test_the_same_texts_make_the_same_tokenizer() -> None:
    assert text.tokenizer(CAPTIONS, vocabulary=280) == TOKENIZER


def test_what_does_not_fit_is_cut_off_and_told(encoder: TextEncoder, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        text.encode(encoder, prompt="red heart")
        assert not caplog.records
        found = text.encode(encoder, prompt="red heart " * 30)
    assert found["context"].shape == (1, 12, 16)
    assert "longer than 10 tokens" in caplog.text
    assert "heart" in caplog.text


def test_a_condition_is_one_vector_a_token_and_a_row_a_text(encoder: TextEncoder) -> None:
    both = text.encode(encoder, prompt=["red heart", ""])["context"]
    assert both.shape == (2, 12, 16)
    torch.testing.assert_close(both[1:], text.encode(encoder, prompt="")["context"])
    assert not torch.allclose(both[0], both[1])


def test_embeddings_are_unit_vectors_of_the_shared_space(encoder: TextEncoder) -> None:
    found = text.embed(encoder, prompt=["red heart", "green apple"])
    assert found.shape == (2, 6)
    torch.testing.assert_close(found.norm(dim=1), torch.ones(2))


def test_tokens_for_training_are_those_that_encoding_uses(encoder: TextEncoder) -> None:
    assert text.tokens(CAPTIONS, TOKENIZER, length=12).tolist() == encoder.tokens(CAPTIONS)
