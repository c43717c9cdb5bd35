"""Published vocabularies: transformers' tokens from every file that holds them; weights, chunks, inversion."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes import text
from noisegraph.nodes.networks.clip import text_transformer
from noisegraph.nodes.networks.vocabulary import _letters
from noisegraph.nodes.prompts.attention import Piece
from noisegraph.nodes.prompts.encoder import PACKAGED, TextEncoder, Words, found_tokenizer
from noisegraph.nodes.prompts.encoding import ask
from noisegraph.nodes.prompts.loading import build_clip
from noisegraph.nodes.prompts.weighting import a1111, comfyui, compel
from safetensors.torch import save_file

from .checkpoints import awake, drawn

MERGES = ["c a", "ca t</w>", "t h", "th e</w>", "r e", "re d</w>", "d o", "do g</w>", "a t</w>"]
START, END = 521, 522
TEXTS = ["a cat", "The  RED dog!", "it's 42 cats", "", "日本 é🍎", "<|endoftext|> cat", "  the\tcat \n"]


@pytest.fixture
def merges(tmp_path: Path) -> Path:
    """A vocabulary in OpenAI's form."""
    path = tmp_path / PACKAGED[1]
    path.write_bytes(gzip.compress(("version\n" + "\n".join(MERGES) + "\n").encode()))
    return path


def split_in_two(folder: Path) -> Path:
    letters = _letters()
    words = [*letters, *(f"{one}</w>" for one in letters), *(one.replace(" ", "") for one in MERGES)]
    words += ["<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({word: number for number, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(MERGES) + "\n")
    return folder / "vocab.json"


def encoder_at(folder: Path, tokenizer: Path, length: int = 9, **more: Any) -> TextEncoder:
    config = {"vocab_size": 523, "end_token": END, "length": length, "text_width": 64, "text_layers": 2}
    config |= {"text_heads": 1}
    save_file(awake(text_transformer(**config)).state_dict(), folder / "text.safetensors")
    weights = ng.Weights(str(folder / "text.safetensors"), "0", build_clip, tuple(config.items()))
    return TextEncoder(weights, str(tokenizer), length, **more)


def test_the_tokens_are_those_of_transformers_from_either_form(merges: Path, tmp_path: Path) -> None:
    from transformers import CLIPTokenizer

    vocabulary = json.loads(split_in_two(tmp_path).read_text())
    theirs = CLIPTokenizer(vocab=vocabulary, merges=[tuple(one.split()) for one in MERGES])
    for path in (merges, tmp_path / "vocab.json"):
        words = Words(encoder_at(tmp_path, path))
        for said in TEXTS:
            if "<|" not in said:  # theirs ends there; ours reads what was typed
                assert words.ids(said) == theirs(said, add_special_tokens=False).input_ids, said
        assert END not in words.ids("<|endoftext|> cat")


def test_a_text_is_filled_up_with_the_end_or_with_0(merges: Path, tmp_path: Path) -> None:
    encoder = encoder_at(tmp_path, merges)
    cat = Words(encoder).ids("cat")
    assert encoder.tokens(["cat"]) == [[START, *cat, END, *[END] * 6]]
    assert replace(encoder, pad=0).tokens(["cat"]) == [[START, *cat, END, *[0] * 6]]


def test_the_vocabulary_is_found_beside_the_model_in_the_folders_of_models_and_else_told(
    merges: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.delenv("NOISEGRAPH_MODELS", raising=False)
    assert found_tokenizer("clip", None) == ""
    with pytest.raises(ng.NodeError, match="no vocabulary") as told:
        Words(replace(encoder_at(tmp_path, merges), tokenizer="")).ids("cat")
    assert "open_clip_torch" in told.value.hint
    monkeypatch.setenv("NOISEGRAPH_MODELS", str(tmp_path))
    assert found_tokenizer("clip", None) == str(merges)
    (tmp_path / "tokenizer").mkdir()
    own = split_in_two(tmp_path / "tokenizer")
    assert found_tokenizer("clip", tmp_path / "tokenizer") == str(own)


def test_the_data_file_of_an_installed_package_is_found_without_importing_it(
    merges: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site" / PACKAGED[0]
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('it wants torchvision')")
    merges.rename(package / PACKAGED[1])
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.delenv("NOISEGRAPH_MODELS", raising=False)
    assert found_tokenizer("clip", None) == str(package / PACKAGED[1])


def test_long_prompts_go_in_chunks_and_break_begins_one(merges: Path, tmp_path: Path) -> None:
    encoder = encoder_at(tmp_path, merges)
    words = Words(encoder)
    chunks = words.chunks([Piece("cat " * 8), Piece("dog", 1.3, True), Piece("red")])
    cat, dog, red = (words.ids(one)[0] for one in ("cat", "dog", "red"))
    assert chunks.rows == [
        [START, *[cat] * 7, END],
        [START, cat, dog, *[END] * 6],
        [START, red, *[END] * 7],
    ]
    assert chunks.weights[1][:4] == [1.0, 1.0, 1.3, 1.0]
    found = text.weigh(encoder, prompt=["cat " * 8, "dog"])["context"]
    assert found.shape == (2, 18, 64)
    plain = text.encode(encoder, prompt=["cat " * 7])["context"]
    torch.testing.assert_close(found[:1, :9], plain)


def test_a_schedule_gives_one_condition_a_span(merges: Path, tmp_path: Path) -> None:
    encoder = encoder_at(tmp_path, merges)
    found = text.schedule(encoder, prompt="[cat:dog:0.25]", steps=8)
    assert found.shares == [2.0, 6.0]
    torch.testing.assert_close(found.conditions[1]["context"], text.weigh(encoder, prompt="dog")["context"])


@pytest.mark.parametrize("weighting", ["a1111", "comfyui", "compel"])
def test_weights_of_one_change_nothing_and_others_do(weighting: Any, merges: Path, tmp_path: Path) -> None:
    encoder = encoder_at(tmp_path, merges)
    plain = text.encode(encoder, prompt="red cat")["context"]
    assert torch.equal(text.weigh(encoder, prompt="red (cat:1)", weighting=weighting)["context"], plain)
    for weight in (0.5, 1.5):
        changed = text.weigh(encoder, prompt=f"red (cat:{weight})", weighting=weighting)["context"]
        assert changed.isfinite().all()
        assert not torch.allclose(changed, plain, atol=1e-3)


def test_the_three_methods_are_their_formulas() -> None:
    states, empty, weights = drawn(1, 3, 4) + 1, drawn(1, 3, 4, seed=5), torch.tensor([[1.0, 1.4, 0.5]])
    scaled = states * weights[..., None]
    torch.testing.assert_close(a1111(states, weights), scaled * states.mean() / scaled.mean())
    away = empty + (states - empty) * weights[..., None]
    torch.testing.assert_close(comfyui(states, weights, empty), away)
    without = drawn(1, 3, 4, seed=6)
    mixed = compel(lambda heard: states if heard is None else without, weights, torch.tensor([[-1, 0, 1]]), empty)
    masked = empty + (without - empty) * weights[..., None]
    torch.testing.assert_close(mixed, (away + masked) / 2)  # tan(pi / 4) = 1


def test_what_is_not_heard_changes_nothing_after_it(merges: Path, tmp_path: Path) -> None:
    encoder = encoder_at(tmp_path, merges)
    rows, other = [[START, 3, 4, 5, END]], [[START, 3, 9, 5, END]]
    heard = torch.tensor([[True, True, False, True, True]])
    with torch.no_grad():
        first, second = ask(encoder, rows, heard).states, ask(encoder, other, heard).states
        torch.testing.assert_close(first[:, 3:], second[:, 3:])
        torch.testing.assert_close(ask(encoder, rows, heard | True).states, ask(encoder, rows).states)


@pytest.mark.parametrize("layout", ["a1111", "diffusers"])
def test_an_embedding_stands_for_a_word_and_the_weights_stay_as_they_are(
    layout: str, merges: Path, tmp_path: Path
) -> None:
    encoder = encoder_at(tmp_path, merges)
    before = {name: value.clone() for name, value in encoder.weights.module().state_dict().items()}
    table = before["text_model.embeddings.token_embedding.weight"]
    cat, dog = (Words(encoder).ids(one)[0] for one in ("cat", "dog"))
    learned = table[[cat, dog]]
    if layout == "a1111":
        path = tmp_path / "thing.pt"
        torch.save({"string_to_token": {"*": 265}, "string_to_param": {"*": learned}, "name": "x"}, path)
    else:
        path = tmp_path / "learned_embeds.safetensors"
        save_file({"thing": learned}, path)
    told = text.embedding(encoder, path=str(path))
    assert Words(told).ids("red thing") == [*Words(encoder).ids("red"), 523, 524]
    found = text.encode(told, prompt="red thing")["context"]
    torch.testing.assert_close(found, text.encode(encoder, prompt="red cat dog")["context"])
    after = told.weights.module().state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_an_embedding_of_another_width_is_told(merges: Path, tmp_path: Path) -> None:
    save_file({"thing": torch.zeros(2, 32)}, tmp_path / "wrong.safetensors")
    with pytest.raises(ng.NodeError, match="has vectors of 32, the text encoder has 64"):
        text.embedding(encoder_at(tmp_path, merges), path=str(tmp_path / "wrong.safetensors"))
