"""unCLIP's prior of emoji: from words to the embedding of a picture."""

from __future__ import annotations

import noisegraph as ng
import torch
from noisegraph.nodes import condition, text, vision
from noisegraph.nodes.models import shipped
from noisegraph.nodes.models.emoji import emoji_prior
from noisegraph.nodes.models.text_to_image import emoji_space

from .drawing import needs_emoji, node, walked

MADE, SPACE = emoji_prior(), emoji_space()


def imagined(words: list[str], steps: int = 10) -> ng.Points:
    """The embedding of a picture for each of the words."""
    denoiser = ng.Conditioned(MADE.unet, condition.prior(SPACE.text, prompt=words))
    return vision.points(walked(MADE, node("sampler.ddim")(), denoiser, steps=steps, batch=len(words)))


@needs_emoji
def test_what_it_imagines_is_nearer_to_the_pictures_than_the_embedding_of_their_words_is() -> None:
    from noisegraph_training import data

    seen = data.emoji(part="train", every=72)
    pictures = vision.embed(SPACE.text, data.pictures(seen))
    words, drawn = text.embed(SPACE.text, prompt=seen.captions), imagined(seen.captions)
    own = torch.arange(len(pictures))
    assert (drawn * pictures).sum(1).mean() > (words * pictures).sum(1).mean()
    assert (drawn * pictures).sum(1).mean() > 0.93
    assert ((drawn @ pictures.T).argmax(1) == own).float().mean() > 0.9


def test_its_condition_is_the_states_of_the_text_and_its_embedding() -> None:
    made = condition.prior(SPACE.text, prompt=["red heart", "cat"])
    assert torch.equal(made["context"], text.encode(SPACE.text, prompt=["red heart", "cat"])["context"])
    torch.testing.assert_close(
        vision.points(ng.Latent(made["vector"])), text.embed(SPACE.text, prompt=["red heart", "cat"])
    )


def test_its_weights_are_small_and_the_card_names_the_graph() -> None:
    assert (shipped.WEIGHTS / "emoji-prior.safetensors").stat().st_size < 3_000_000
    assert (shipped.WEIGHTS.parents[1] / shipped.read_card("emoji-prior")["graph"]).exists()
