"""unCLIP's decoder of emoji: a picture drawn again from its embedding alone."""

from __future__ import annotations

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes import text, vae, vision
from noisegraph.nodes.models import shipped
from noisegraph.nodes.models.emoji import emoji_decoder
from noisegraph.nodes.models.text_to_image import emoji_space

from .drawing import needs_emoji, node, walked

MADE, SPACE = emoji_decoder(), emoji_space()


def drawn(points: ng.Points, scale: float, steps: int = 10) -> ng.Image:
    """A picture for each embedding, by guidance without a classifier."""
    none = text.encode(SPACE.text, prompt="")
    toward = ng.Conditioned(MADE.unet, vision.condition(points, none))
    away = ng.Conditioned(MADE.unet, vision.condition(None, none))
    guided = node("guide.cfg")(toward, away, scale=scale)
    return vae.decode(SPACE.vae, walked(MADE, node("sampler.dpmpp_2m")(), guided, steps=steps, batch=len(points)))


@pytest.mark.slow
@needs_emoji
def test_what_is_drawn_from_an_embedding_is_nearest_to_it() -> None:
    from noisegraph_training import data

    pictures = data.pictures(data.emoji(part="train", every=144))
    wanted = vision.embed(SPACE.text, pictures)
    found = vision.embed(SPACE.text, drawn(wanted, scale=3.0))
    right = ((found @ wanted.T).argmax(1) == torch.arange(len(wanted))).float().mean()
    assert len(wanted) >= 20
    assert right > 0.9


def test_the_embedding_of_words_may_stand_for_that_of_a_picture_as_both_are_in_one_space() -> None:
    words = ["red heart", "flag: Japan", "cat face", "soccer ball"]
    wanted = text.embed(SPACE.text, prompt=words)
    found = vision.embed(SPACE.text, drawn(wanted, scale=2.0))
    assert ((found @ wanted.T).argmax(1) == torch.arange(4)).float().mean() >= 0.5


def test_an_embedding_survives_as_data_of_unit_variance() -> None:
    points = text.embed(SPACE.text, prompt=["red heart", "cat"])
    latent = vision.latent(points)
    torch.testing.assert_close(latent.square().mean(1), torch.ones(2))
    torch.testing.assert_close(vision.points(latent), points)
    torch.testing.assert_close(vision.condition(points)["vector"], latent)
    assert vision.condition()["vector"].shape == (1, 128)


def test_a_picture_of_another_size_is_told() -> None:
    with pytest.raises(ng.NodeError, match="32 x 32 pixels: the CLIP knows 64 x 64"):
        vision.embed(SPACE.text, ng.Image(torch.zeros(1, 3, 32, 32)))


def test_clip_sees_of_latents_what_it_sees_of_their_pictures() -> None:
    latent = ng.Latent(torch.randn(2, 4, 16, 16, generator=torch.Generator().manual_seed(0)))
    with torch.no_grad():
        found = vision.encoder(SPACE.text, SPACE.vae)(latent, ng.Level(0.0, 1.0, 0.0))
    torch.testing.assert_close(found, vision.embed(SPACE.text, vae.decode(SPACE.vae, latent)), rtol=0, atol=1e-4)


def test_its_weights_are_small_and_the_card_names_the_graph() -> None:
    assert (shipped.WEIGHTS / "emoji-decoder.safetensors").stat().st_size < 12_000_000
    assert (shipped.WEIGHTS.parents[1] / shipped.read_card("emoji-decoder")["graph"]).exists()
