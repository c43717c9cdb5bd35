"""Training that makes its conditions as it goes: masks, smaller pictures; and scores, learned in every way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.registry import Registry
from noisegraph_training.batches import random_of
from noisegraph_training.data import captioned, digits, points
from noisegraph_training.denoisers import inpainting, latent, score, upsampler
from noisegraph_training.encoders import classifier
from noisegraph_training.examples import Captioned, Schedule, Trained
from noisegraph_training.inpainting import around, masks
from noisegraph_training.learned import matched, network
from noisegraph_training.upsampling import Augmentation, blurred, strengths_of
from torch import Tensor, nn

PROCESS = ng.DiscreteVP("cosine", 100)
SHORT = Schedule(iterations=3, batch=4, per_step=2, warmup=1)


def node(name: str) -> Any:
    """The function of a node, by the name that graphs use."""
    return Registry.installed().spec(name).function


def architecture(name: str, **given: Any) -> ng.Architecture:
    """What a built-in node makes of a configuration, as a graph would write it."""
    spec = Registry.installed().spec(name)
    made: ng.Architecture = spec.function(**{key: spec.ports[key].accept(value) for key, value in given.items()})
    return made


def run(loop: ng.Loop[Trained]) -> Trained:
    state = loop.start()
    for index in range(loop.total):
        state = loop.step(state, index)
    return loop.finish(state)


class Listening(nn.Module):
    """A network that keeps what it is told."""

    heard: list[dict[str, Tensor]]

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.zeros(1))
        self.heard = HEARD

    def forward(self, x: Tensor, t: Tensor, **told: Tensor) -> Tensor:
        self.heard.append({"x": x, **told})
        return self.scale * x


HEARD: list[dict[str, Tensor]] = []


@pytest.fixture(autouse=True)
def heard() -> list[dict[str, Tensor]]:
    HEARD.clear()
    return HEARD


PICTURES = Captioned(torch.arange(5, dtype=torch.uint8).view(5, 1, 1, 1).expand(5, 3, 16, 16) * 50, ["a"] * 5, "", "")
LATENTS = ng.Latent(torch.arange(1.0, 6.0).view(5, 1, 1, 1).expand(5, 4, 8, 8).contiguous())
WORDS = ng.Condition({"context": torch.arange(1.0, 6.0).view(5, 1, 1)})
NONE = ng.Condition({"context": torch.zeros(1, 1, 1)})


def test_an_inpainting_network_is_told_the_mask_and_the_latent_where_it_is_not_to_draw(heard: Any) -> None:
    run(inpainting(PICTURES, LATENTS, WORDS, NONE, ng.Architecture(Listening), PROCESS, replace(SHORT, batch=40)))
    told = torch.cat([one["concat"] for one in heard])
    mask, kept = told[:, :1], told[:, 1:]
    assert set(mask.unique().tolist()) == {0.0, 1.0}
    assert (kept * mask).abs().max() == 0
    assert ((kept != 0).all(1, keepdim=True) == (mask == 0)).all()
    words = torch.cat([one["context"] for one in heard]).flatten()
    seen = kept.amax(dim=(1, 2, 3))
    told_both = (words > 0) & (seen > 0)
    assert torch.equal(words[told_both], seen[told_both])
    assert 0 < (words == 0).float().mean() < 0.3


def test_masks_are_rectangles_and_now_and_then_everything() -> None:
    made = masks(random_of(0, 0), torch.zeros(400, 4, 8, 8))
    whole = (made.mean(dim=(1, 2, 3)) == 1).float().mean()
    assert 0.15 < whole < 0.35
    assert 0.2 < made.mean() < 0.7
    assert torch.equal(around(torch.ones(400, 4, 8, 8), made)[:, 1:], (1 - made).expand(-1, 4, -1, -1))


def test_super_resolution_is_told_a_smaller_picture_and_how_strong_its_noise_is(heard: Any) -> None:
    given: dict[str, Any] = {"strengths": 4, "noisiest": 0.5, "blur": 0.0}
    run(upsampler(PICTURES, ng.Architecture(Listening), PROCESS, replace(SHORT, batch=60), **given))
    told, strength = (torch.cat([one[name] for one in heard]) for name in ("concat", "y"))
    assert told.shape[1:] == (3, 16, 16)
    assert set(strength.tolist()) == {0, 1, 2, 3}
    flat = told[strength == 0]
    assert flat.std(dim=(1, 2, 3)).max() < 1e-6  # the pictures are of one colour
    spread = [float(told[strength == one].std(dim=(1, 2, 3)).mean()) for one in (1, 2, 3)]
    assert 0 < spread[0] < spread[1] < spread[2]


def test_the_strengths_of_training_are_those_that_condition_upsampling_makes() -> None:
    levels = strengths_of(PROCESS, Augmentation(4, 0.5, 0.0))
    image = ng.Image(torch.full((1, 3, 8, 8), 0.75))
    for strength, level in enumerate(levels):
        made = node("condition.upsampling")(image, PROCESS, strength=strength, strengths=4, noisiest=0.5, seed=[3])
        small = ng.noised(image * 2 - 1, ng.normal([3], image, "augmentation"), level)
        wanted = nn.functional.interpolate(small, scale_factor=2, mode="bilinear")
        torch.testing.assert_close(made["concat"], wanted)
        assert made["y"].tolist() == [strength]


def test_a_blur_keeps_flat_pictures_and_the_sum_and_is_as_wide_as_asked() -> None:
    dot = torch.zeros(2, 3, 7, 7)
    dot[:, :, 3, 3] = 1
    made = blurred(dot, torch.tensor([0.0, 0.6]))
    torch.testing.assert_close(made[0], dot[0])
    torch.testing.assert_close(made.sum(dim=(2, 3)), torch.ones(2, 3))
    ratio = made[1, 0, 3, 4] / made[1, 0, 3, 3]
    assert ratio.item() == pytest.approx(2.718281828 ** (-1 / (2 * 0.36)), rel=1e-4)
    flat = torch.full((1, 3, 5, 5), 0.3)
    torch.testing.assert_close(blurred(flat, torch.tensor([0.6])), flat)


def test_a_denoiser_may_be_told_several_things_at_once(heard: Any) -> None:
    wanted = ng.Condition({**WORDS, "vector": torch.arange(1.0, 6.0).view(5, 1)})
    empty = ng.Condition({**NONE, "vector": torch.zeros(1, 1)})
    run(latent(PICTURES, LATENTS, wanted, ng.Architecture(Listening), PROCESS, SHORT, empty))
    for one in heard:
        assert torch.equal(one["context"].flatten(), one["vector"].flatten())
    with pytest.raises(ng.NodeError, match="a condition of context, vector, and an empty one of context"):
        latent(PICTURES, LATENTS, wanted, ng.Architecture(Listening), PROCESS, SHORT, NONE)


def test_without_an_empty_condition_none_is_dropped_and_another_latent_may_stand_beside(heard: Any) -> None:
    beside = ng.Condition({"concat": LATENTS * 2})
    schedule = replace(SHORT, batch=60)
    run(latent(PICTURES, LATENTS, beside, ng.Architecture(Listening), PROCESS, schedule, drop=0.5))
    seen = torch.cat([one["concat"] for one in heard])
    assert set(seen.unique().tolist()) <= {2.0, 4.0, 6.0, 8.0, 10.0}


def test_what_a_clip_learned_makes_of_texts_and_pictures_is_unit_vectors_and_a_unet_is_refused() -> None:
    towers = architecture("text.architecture", config=TOWERS)
    tokens = torch.tensor([[1, 2, 9, 9], [3, 9, 9, 9]])
    pictures = PICTURES._replace(pixels=PICTURES.pixels[:2], captions=["a", "b"])
    parameters = {name: value.detach() for name, value in towers.module().named_parameters()}
    found = matched(Trained(parameters, 0.0, {}), towers, pictures, tokens)
    assert found.texts.shape == found.pictures.shape == (2, 8)
    torch.testing.assert_close(torch.cat(found).norm(dim=1), torch.ones(4))
    with pytest.raises(ng.NodeError, match="no CLIP"):
        matched(Trained({}, 0.0, {}), architecture("network.mlp"), pictures, tokens)


TOWERS = {
    "vocab_size": 10, "end_token": 9, "length": 4, "text_width": 8, "text_layers": 1, "text_heads": 2,
    "image_size": 16, "patch_size": 8, "image_width": 8, "image_layers": 1, "image_heads": 2, "projection_dim": 8,
}  # fmt: skip
TWO = ng.Mixture.of([0.5, 0.5], [[-1.0, 0.0], [1.0, 0.5]], [[[0.1, 0.0], [0.0, 0.1]]] * 2)


@pytest.mark.slow
@pytest.mark.parametrize("objective", ["explicit", "implicit", "denoising", "sliced"])
def test_each_way_to_match_scores_learns_that_of_the_mixture(objective: Any) -> None:
    process = ng.GeometricVE(0.3, 3.0)
    made = architecture("network.mlp", config={"width": 32, "depth": 2, "time_scale": 1000.0})
    schedule = Schedule(iterations=300, batch=256, learning_rate=1e-2, warmup=10, per_step=300, decay=0.95)
    sample, level = ng.Points(TWO.sample(4000, 1).float()), process.at_log_snr(0.0)
    loop = score(sample, made, process, schedule, TWO.denoiser(), objective=objective, prediction="eps", levels=10)
    learned = ng.Conditioned(network(run(loop), made, process, prediction="eps"))
    x = ng.noised(TWO.sample(500, 2).float(), torch.randn(500, 2, generator=torch.Generator().manual_seed(0)), level)
    exact = ng.score(TWO.denoiser(), x, level)
    error = (ng.score(learned, x, level) - exact).square().mean() / exact.square().mean()
    assert error < 0.3  # one that knows nothing, and predicts no noise, has 1


def test_explicit_score_matching_wants_the_true_score() -> None:
    made = architecture("network.mlp", config={"width": 8, "depth": 1})
    with pytest.raises(ng.NodeError, match="wants the true score"):
        score(ng.Points(torch.zeros(3, 2)), made, PROCESS, SHORT, objective="explicit")


@pytest.mark.slow
def test_a_classifier_learns_the_labels_and_its_card_says_at_which_noise_it_knows_them() -> None:
    config = {"in_channels": 1, "out_channels": 10, "model_channels": 8, "channel_mult": [1, 2], "num_res_blocks": 1}
    made = architecture("network.classifier", size=8, config={**config, "attention_resolutions": [], "groups": 4})
    schedule = Schedule(iterations=150, batch=64, learning_rate=5e-3, warmup=5, per_step=150, decay=0.9)
    found = run(classifier(digits(), digits(part="held out"), made, PROCESS, schedule)).facts["accuracy_held_out"]
    clean, *_, noisy = found.values()
    assert clean > 0.5
    assert noisy < clean


def test_labelled_pictures_become_captioned_ones_and_points_examples() -> None:
    seen = digits(part="held out")
    made = captioned(seen)
    torch.testing.assert_close(made.pixels.float() / 127.5 - 1, seen.data.expand(-1, 3, -1, -1), rtol=0, atol=0.004)
    assert made.captions[:3] == [str(label) for label in seen.labels[:3].tolist()]
    assert points(ng.Points(torch.zeros(4, 2)), name="zeros").labels.tolist() == [0] * 4


def test_what_was_learned_by_heart_shows_in_the_loss_on_what_was_held_out() -> None:
    examples = Captioned(torch.zeros(1, 3, 8, 8, dtype=torch.uint8), ["a"], "a corner", "none")
    corner, opposite, nothing = ng.Latent(torch.ones(1, 2)), ng.Latent(-torch.ones(1, 2)), ng.Condition({})
    made = architecture("network.mlp", config={"width": 16, "depth": 1})
    schedule = Schedule(iterations=100, batch=64, learning_rate=1e-2, warmup=10, decay=0.9)

    def card(unseen: ng.Latent) -> dict[str, Any]:
        told = latent(examples, corner, nothing, made, PROCESS, schedule, None, unseen, nothing, prediction="x0")
        return run(told).facts

    apart, same = card(opposite), card(corner)
    assert apart["loss_seen"] < 0.1
    assert 2 < apart["loss_held_out"] < 4.5
    assert same["loss_held_out"] == same["loss_seen"] == apart["loss_seen"]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (
            {"in_channels": 5},
            r"does not take data \[4, 8, 8\], 'context' \[1, 1\]: .*expected input.*to have 5 channels",
        ),
        ({"context_channels": 3}, r"does not take data \[4, 8, 8\], 'context' \[1, 1\]: "),
        ({"num_classes": 2}, "does not take .*: the network wants a condition 'y'"),
        ({"out_channels": 8}, r"puts out \[8, 8, 8\] for data \[4, 8, 8\], 'context' \[1, 1\]"),
    ],
)
def test_a_network_that_does_not_fit_what_it_is_to_learn_from_is_told(changed: dict[str, int], told: str) -> None:
    config = {"in_channels": 4, "out_channels": 4, "model_channels": 8, "channel_mult": [1], "num_res_blocks": 1,
              "attention_resolutions": [], "groups": 4, "context_channels": 1, **changed}  # fmt: skip
    made = architecture("unet.architecture", config=config)
    loop = latent(PICTURES, LATENTS, WORDS, made, PROCESS, SHORT, NONE)
    with pytest.raises(ng.NodeError, match=told):
        loop.step(loop.start(), 0)


def test_an_empty_condition_is_one() -> None:
    with pytest.raises(ng.NodeError, match="an empty condition of 5"):
        latent(PICTURES, LATENTS, WORDS, ng.Architecture(Listening), PROCESS, SHORT, WORDS)


def test_held_out_latents_without_their_conditions_are_refused() -> None:
    examples = Captioned(torch.zeros(1, 3, 8, 8, dtype=torch.uint8), ["a"], "one", "none")
    point = ng.Latent(torch.zeros(1, 2))
    with pytest.raises(ng.NodeError, match="conditions"):
        latent(examples, point, ng.Condition({}), architecture("network.mlp", config={}), PROCESS, SHORT, None, point)


def test_a_training_of_latents_shows_what_it_draws_under_the_conditions_of_examples(heard: Any) -> None:
    examples = Captioned(torch.zeros(16, 3, 8, 8, dtype=torch.uint8), [str(number) for number in range(16)], "", "none")
    latents = ng.Latent(torch.linspace(-1, 1, 16 * 4 * 2 * 2).view(16, 4, 2, 2))
    wanted = ng.Condition({"context": torch.arange(16.0).view(16, 1, 1)})
    empty = ng.Condition({"context": torch.full((1, 1, 1), 17.0)})
    listening = ng.Architecture(Listening)
    loop = latent(examples, latents, wanted, listening, PROCESS, SHORT, empty, preview=node("sampler.preview")())
    assert loop.preview is not None
    assert loop.preview(loop.start()).shape == (8, 3, 2, 2)
    assert len(set(heard[-1]["context"].flatten().tolist()) - {17}) > 2
    assert 17 not in heard[-1]["context"]
    assert latent(examples, latents, wanted, listening, PROCESS, SHORT).preview is None


def test_a_training_without_conditions_shows_what_it_draws(heard: Any) -> None:
    listening = ng.Architecture(Listening)
    loop = latent(PICTURES, LATENTS, ng.Condition({}), listening, PROCESS, SHORT, preview=node("sampler.preview")())
    assert loop.preview is not None
    assert len(loop.preview(loop.start())) == 8
    assert set(heard[-1]) == {"x"}


def test_a_training_to_fill_in_shows_it_around_what_is_left(heard: Any) -> None:
    shown = node("sampler.preview")()
    loop = inpainting(PICTURES, LATENTS, WORDS, NONE, ng.Architecture(Listening), PROCESS, SHORT, shown)
    assert loop.preview is not None
    assert len(loop.preview(loop.start())) == 8
    mask, left = heard[-1]["concat"].split([1, LATENTS.shape[1]], dim=1)
    assert 0 < mask.mean() < 1
    assert left[mask.expand_as(left) == 1].abs().sum() == 0 < left.abs().sum()


def test_a_training_of_super_resolution_shows_larger_pictures(heard: Any) -> None:
    loop = upsampler(PICTURES, ng.Architecture(Listening), PROCESS, SHORT)
    assert loop.preview is not None
    seen = loop.preview(loop.start())
    assert (seen.shape, heard[-1]["concat"].shape) == ((8, *PICTURES.pixels.shape[1:]),) * 2
    assert 0 <= seen.min() <= seen.max() <= 1
