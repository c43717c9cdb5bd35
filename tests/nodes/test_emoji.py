"""The autoencoder and the CLIP of emoji: pictures come back, names find their pictures, people held out as well."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from noisegraph.check import check
from noisegraph.graph import parse
from noisegraph.nodes import text, vae
from noisegraph.nodes.models import shipped, text_to_image
from noisegraph.registry import Registry

from ..computed import value
from .drawing import needs_emoji, node

SPACE = text_to_image.emoji_space()


def emoji(part: str) -> Any:
    """The emoji of a part, drawn."""
    return node("data.emoji")(part=part)


def pictures(examples: Any) -> torch.Tensor:
    found: torch.Tensor = examples.pixels.float() / 255
    return found


def test_what_the_card_says_is_known_without_torch() -> None:
    code = (
        "import sys\n"
        "from noisegraph.nodes.models import text_to_image\n"
        "made = text_to_image.emoji_space()\n"
        "assert made.latent.sizes == (4, 16, 16)\n"
        "known = text_to_image.emoji_space_facts({})\n"
        "assert (known['vae']['factor'], known['latent']['sizes']) == (4, (4, 16, 16))\n"
        "assert 'torch' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_words_are_encoded_without_what_torch_imports_to_draw_on_the_meta_device() -> None:
    code = (
        "import sys\n"
        "from noisegraph.nodes import text\n"
        "from noisegraph.nodes.models import text_to_image\n"
        "text.encode(text_to_image.emoji_space().text, prompt='a red heart')\n"
        "assert 'sympy' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_latent_of_another_model_is_refused_before_anything_is_loaded() -> None:
    nodes = {
        "space": {"use": "model.emoji_space"},
        "digit": {"use": "model.digit"},
        "noise": {"use": "latent.noise", "like": "$digit.latent"},
        "image": {"use": "vae.decode", "vae": "$space.vae", "latent": "$noise"},
    }
    graph = parse(json.dumps({"nodes": nodes, "outputs": {"image": "$image"}}))
    (problem,) = check(graph, Registry.installed(), {}).problems
    assert "'vae' has emoji-autoencoder (" in problem.what
    assert "'latent' has digit" in problem.what


def test_words_of_any_script_become_as_many_vectors_as_the_card_says() -> None:
    length, width = (shipped.read_card("emoji-clip")["network"][name] for name in ("length", "text_width"))
    found = text.encode(SPACE.text, prompt=["", "a red heart", "赤いハート"])["context"]
    assert found.shape == (3, length, width)
    assert found.isfinite().all()
    assert not torch.allclose(found[0], found[1])


def test_the_tokenizer_ends_where_the_network_looks_for_the_end() -> None:
    network = shipped.read_card("emoji-clip")["network"]
    row = SPACE.text.tokens(["red heart"])[0]
    assert row[-1] == network["end_token"] == network["vocab_size"] - 1
    assert len(json.loads(Path(SPACE.text.tokenizer).read_text())["model"]["vocab"]) == network["vocab_size"] - 2


@pytest.mark.slow
@needs_emoji
def test_people_that_were_held_out_are_given_back_at_26_decibels() -> None:
    seen = pictures(emoji("held out"))
    latents = vae.encode(SPACE.vae, seen)
    again = vae.decode(SPACE.vae, latents)
    ratio = 10 * (1 / (again - seen).square().flatten(1).mean(1)).log10()
    assert ratio.mean() >= 26
    assert latents.std().item() == pytest.approx(1, abs=0.1)


@pytest.mark.slow
@needs_emoji
def test_names_find_their_pictures_among_all_those_held_out_too() -> None:
    parts = [emoji("train"), emoji("held out")]
    every = torch.cat([pictures(part) for part in parts])
    module: Any = SPACE.text.weights.module()
    with torch.no_grad():
        images = torch.cat([module.embed_image(part * 2 - 1) for part in torch.split(every, 256)])
    names = parts[0].captions + parts[1].captions
    right = (text.embed(SPACE.text, prompt=names) @ images.T).argmax(1) == torch.arange(len(names))
    trained = len(parts[0].captions)
    card = shipped.read_card("emoji-clip")
    # The card's figure is of all that people say, which is harder: "moon" is not one picture.
    assert right[:trained].float().mean().item() > max(card["retrieval"], 0.97)
    assert right[trained:].float().mean().item() == pytest.approx(card["retrieval_held_out"], abs=0.03)


def drawn(prompts: list[str]) -> torch.Tensor:
    """The pictures that the library's graph draws of the texts, [texts, 3, 64, 64]."""
    found: torch.Tensor = value("emojis", "images", prompts=prompts, count=len(prompts))
    return found


def test_words_and_the_seed_alone_decide_the_picture() -> None:
    first, second, third = drawn(["a red heart", "green apple", "a red heart"])
    (again,) = drawn(["a red heart"])
    torch.testing.assert_close(first, again, rtol=0, atol=1e-4)
    assert (first - second).abs().mean() > 0.1
    assert 0 < (first - third).abs().mean() < 0.1  # the same words from other noise
    red, green, _ = first[:, 16:48, 16:48].mean((1, 2))
    assert red > 2 * green


@pytest.mark.slow
@needs_emoji
def test_names_are_drawn_as_their_glyphs_and_combinations_that_were_held_out_too() -> None:
    parts = [emoji("train"), emoji("held out")]
    every = torch.cat([pictures(part) for part in parts])
    count = len(parts[0].captions)
    rows = [*range(0, count, count // 120), *range(count, len(every), 4)]
    names = parts[0].captions + parts[1].captions
    found = drawn([names[row] for row in rows])
    module: Any = SPACE.text.weights.module()
    with torch.no_grad():
        wanted, mine = (
            torch.cat([module.embed_image(one * 2 - 1) for one in torch.split(some, 256)]) for some in (every, found)
        )
    own = torch.tensor(rows)
    seen = own < count
    in_clip, in_pixels = (mine @ wanted.T).argmax(1), torch.cdist(found.flatten(1), every.flatten(1)).argmin(1)
    for nearest, least in ((in_clip, 0.7), (in_pixels, 0.85)):
        right = nearest == own
        assert right[seen].float().mean() >= least
        assert right[~seen].float().mean() >= least
