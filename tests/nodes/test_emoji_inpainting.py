"""The inpainting network of emoji: it draws what is masked so that it fits what is around."""

from __future__ import annotations

from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes import condition, text, vae
from noisegraph.nodes.models import shipped
from noisegraph.nodes.models.emoji import emoji_inpainting
from noisegraph.nodes.models.text_to_image import emoji_space
from noisegraph.registry import Registry

MADE, SPACE = emoji_inpainting(), emoji_space()


def node(name: str) -> Any:
    """The function of a node, by the name that graphs use."""
    return Registry.installed().spec(name).function


def test_what_is_masked_is_drawn_nearer_to_the_truth_than_white_or_another_picture() -> None:
    data = pytest.importorskip("noisegraph_training.data")
    emoji = pytest.importorskip("noisegraph_training.emoji")
    if not (emoji.FONT.exists() and emoji.LIST.exists()):
        pytest.skip("needs the packages fonts-noto-color-emoji, unicode-data and libraqm0")
    seen = data.emoji(part="train", every=144)
    latent = vae.encode(SPACE.vae, data.pictures(seen))
    mask = ng.Mask(torch.zeros(1, 1, 64, 64))
    mask[:, :, :, 32:] = 1
    told = condition.inpainting(text.encode(SPACE.text, prompt=seen.captions), latent, mask)
    noise = node("latent.noise")(MADE.latent, seed=0, batch=len(latent))
    levels = node("levels.uniform")(MADE.process, steps=10, spacing="trailing")
    loop = node("sampler.sample")(node("sampler.dpmpp_2m")(), ng.Conditioned(MADE.unet, told), noise, levels)
    state = loop.start()
    with torch.no_grad():
        for index in range(loop.total):
            state = loop.step(state, index)
    drawn = loop.finish(state)[..., 8:]
    truth, other = latent[..., 8:], latent.roll(1, 0)[..., 8:]
    error, by_another = ((one - truth).square().mean().item() for one in (drawn, other))
    assert error < 0.6 * by_another
    kept = (loop.finish(state)[..., :7] - latent[..., :7]).square().mean().item()
    assert kept < 0.25 * by_another


def test_its_condition_is_words_mask_and_what_is_around() -> None:
    known = ng.Latent(torch.ones(2, 4, 16, 16))
    mask = ng.Mask(torch.zeros(1, 1, 64, 64))
    mask[:, :, :4, :6] = 1
    made = condition.inpainting(text.encode(SPACE.text, prompt="cat"), known, mask)
    assert made["concat"].shape == (2, 5, 16, 16)
    drawn = torch.zeros(16, 16)
    drawn[0, :2] = 1  # a place is drawn where the mask touches it
    assert torch.equal(made["concat"][0, 0], drawn)
    assert torch.equal(made["concat"][1, 1:], (1 - drawn).expand(4, -1, -1))


def test_its_weights_are_small_and_the_card_names_the_graph() -> None:
    assert (shipped.WEIGHTS / "emoji-inpainting.safetensors").stat().st_size < 6_500_000
    assert (shipped.WEIGHTS.parents[1] / shipped.read_card("emoji-inpainting")["graph"]).exists()
