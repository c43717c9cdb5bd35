"""The inpainting network of emoji: it draws what is masked so that it fits what is around."""

from __future__ import annotations

import noisegraph as ng
import torch
from noisegraph.nodes import condition, text, vae
from noisegraph.nodes.models import shipped
from noisegraph.nodes.models.emoji import emoji_inpainting
from noisegraph.nodes.models.text_to_image import emoji_space

from .drawing import needs_emoji, node, walked

MADE, SPACE = emoji_inpainting(), emoji_space()


@needs_emoji
def test_what_is_masked_is_drawn_nearer_to_the_truth_than_white_or_another_picture() -> None:
    from noisegraph_training import data

    seen = data.emoji(part="train", every=144)
    latent = vae.encode(SPACE.vae, data.pictures(seen))
    mask = ng.Mask(torch.zeros(1, 1, 64, 64))
    mask[:, :, :, 32:] = 1
    told = condition.inpainting(text.encode(SPACE.text, prompt=seen.captions), latent, mask)
    solver = node("sampler.dpmpp_2m")()
    drawn = walked(MADE, solver, ng.Conditioned(MADE.unet, told), steps=10, batch=len(latent))
    truth, other = latent[..., 8:], latent.roll(1, 0)[..., 8:]
    error, by_another = ((one - truth).square().mean().item() for one in (drawn[..., 8:], other))
    assert error < 0.6 * by_another
    kept = (drawn[..., :7] - latent[..., :7]).square().mean().item()
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
    assert (shipped.WEIGHTS / "emoji-inpainting.safetensors").stat().st_size < 12_000_000
    assert (shipped.WEIGHTS.parents[1] / shipped.read_card("emoji-inpainting")["graph"]).exists()
