"""unCLIP's prior of emoji: from words to the embedding of a picture."""

from __future__ import annotations

from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes import condition, text, vision
from noisegraph.nodes.models import shipped
from noisegraph.nodes.models.emoji import emoji_prior
from noisegraph.nodes.models.text_to_image import emoji_space
from noisegraph.registry import Registry

MADE, SPACE = emoji_prior(), emoji_space()


def node(name: str) -> Any:
    """The function of a node, by the name that graphs use."""
    return Registry.installed().spec(name).function


def imagined(words: list[str], steps: int = 20) -> ng.Points:
    """The embedding of a picture for each of the words."""
    denoiser = ng.Conditioned(MADE.unet, condition.prior(SPACE.text, prompt=words))
    noise = node("latent.noise")(MADE.latent, seed=0, batch=len(words))
    levels = node("levels.uniform")(MADE.process, steps=steps, spacing="trailing")
    loop = node("sampler.sample")(node("sampler.ddim")(), denoiser, noise, levels)
    state = loop.start()
    with torch.no_grad():
        for index in range(loop.total):
            state = loop.step(state, index)
    return vision.points(loop.finish(state))


def test_what_it_imagines_is_nearer_to_the_pictures_than_the_embedding_of_their_words_is() -> None:
    data = pytest.importorskip("noisegraph_training.data")
    emoji = pytest.importorskip("noisegraph_training.emoji")
    if not (emoji.FONT.exists() and emoji.LIST.exists()):
        pytest.skip("needs the packages fonts-noto-color-emoji, unicode-data and libraqm0")
    seen = data.emoji(part="train", every=36)
    pictures = vision.embed(SPACE.text, data.pictures(seen))
    words, drawn = text.embed(SPACE.text, prompt=seen.captions), imagined(seen.captions)
    own = torch.arange(len(pictures))
    assert (drawn * pictures).sum(1).mean() > (words * pictures).sum(1).mean()
    assert ((drawn @ pictures.T).argmax(1) == own).float().mean() > 0.5


def test_its_condition_is_the_states_of_the_text_and_its_embedding() -> None:
    made = condition.prior(SPACE.text, prompt=["red heart", "cat"])
    assert torch.equal(made["context"], text.encode(SPACE.text, prompt=["red heart", "cat"])["context"])
    torch.testing.assert_close(
        vision.points(ng.Latent(made["vector"])), text.embed(SPACE.text, prompt=["red heart", "cat"])
    )


def test_its_weights_are_small_and_the_card_names_the_graph() -> None:
    assert (shipped.WEIGHTS / "emoji-prior.safetensors").stat().st_size < 3_000_000
    assert (shipped.WEIGHTS.parents[1] / shipped.read_card("emoji-prior")["graph"]).exists()
