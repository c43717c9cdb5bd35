"""The parts of a latent text-to-image model in training: resumable bit by bit, and learning what they should."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.registry import Registry
from noisegraph.store.codecs import decode, encode
from noisegraph_training.autoencoder import Weights, psnr, reconstruction
from noisegraph_training.card import weights
from noisegraph_training.clip import alike, contrastive_loss, retrieved, trimmed
from noisegraph_training.data import pictures
from noisegraph_training.denoisers import latent
from noisegraph_training.encoders import autoencoder, clip
from noisegraph_training.examples import Captioned, Schedule, Trained
from noisegraph_training.train import begun
from torch import Tensor, nn

COLOURS = torch.tensor([[255, 0, 0], [0, 160, 0], [0, 0, 255], [255, 255, 0], [0, 0, 0], [255, 255, 255]])
EXAMPLES = Captioned(
    COLOURS[:, :, None, None].expand(-1, -1, 8, 8).to(torch.uint8).contiguous(),
    ["red", "green", "blue", "yellow", "black", "white"],
    "colours",
    "none",
)
TOKENS = torch.tensor([[8, one, 9, 9] for one in range(6)])
PROCESS = ng.DiscreteVP("cosine", 1000)


def architecture(node: str, **config: Any) -> ng.Architecture:
    """What a built-in node makes of a configuration, as a graph would write it."""
    spec = Registry.installed().spec(node)
    made: ng.Architecture = spec.function(config=spec.ports["config"].accept(config))
    return made


def short(**settings: Any) -> Schedule:
    """A schedule of seven iterations, but for what is given."""
    return Schedule(**{"iterations": 7, "batch": 4, "per_step": 2, **settings})


def autoencoding(codebook: int | None = None, **settings: Any) -> ng.Loop[Trained]:
    network = architecture("vae.architecture", ch=8, ch_mult=[1, 2], num_res_blocks=1, groups=4, n_embed=codebook)
    return autoencoder(EXAMPLES, network, short(**settings), EXAMPLES)


TOWERS: dict[str, Any] = {
    "vocab_size": 10,
    "end_token": 9,
    "length": 4,
    "text_width": 16,
    "text_layers": 1,
    "text_heads": 2,
    "image_size": 8,
    "patch_size": 4,
    "image_width": 16,
    "image_layers": 1,
    "image_heads": 2,
    "projection_dim": 8,
}


def contrasting(**settings: Any) -> ng.Loop[Trained]:
    network = architecture("text.architecture", **TOWERS)
    seen, apart = (EXAMPLES._replace(pixels=part) for part in (EXAMPLES.pixels[:4], EXAMPLES.pixels[4:]))
    return clip(seen, TOKENS[:4], apart, TOKENS[4:], network, short(**settings))


class Told(nn.Module):
    """A denoiser of a few hundred parameters that is told tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(4 + 1 + 3, 32), nn.SiLU(), nn.Linear(32, 4))

    def forward(self, x: Tensor, t: Tensor, *, context: Tensor) -> Tensor:
        joined = torch.cat([x.flatten(1), t[:, None] / 1000, context.mean(1)], dim=1)
        return self.inner(joined).view(x.shape)  # type: ignore[no-any-return]


LATENTS = torch.tensor([1.0, -1.0, 0.5]).view(3, 1, 1, 1).expand(3, 1, 2, 2)
WANTED = ng.Condition({"context": torch.eye(3)[:, None].expand(3, 2, 3)})
EMPTY = ng.Condition({"context": torch.zeros(1, 2, 3)})


def denoising(drop: float = 0.1, **settings: Any) -> ng.Loop[Trained]:
    latents, network = ng.Latent(LATENTS), ng.Architecture(Told)
    return latent(EXAMPLES, latents, WANTED, network, PROCESS, short(**settings), EMPTY, drop=drop)


def run(loop: ng.Loop[Trained], state: Any = None, first: int = 0, last: int | None = None) -> Any:
    state = loop.start() if state is None else state
    for index in range(first, loop.total if last is None else last):
        state = loop.step(state, index)
    return state


LOOPS: dict[str, Callable[[], ng.Loop[Trained]]] = {
    "KL": autoencoding,
    "VQ": lambda: autoencoding(codebook=16),
    "CLIP": contrasting,
    "latent": denoising,
}


@pytest.mark.parametrize("name", LOOPS)
def test_a_run_resumed_from_a_stored_state_gives_the_same_bits(name: str) -> None:
    make = LOOPS[name]
    stored = encode(run(make(), last=2))
    assert stored is not None
    for one, other in zip(run(make(), decode(stored), first=2), run(make()), strict=True):
        assert torch.equal(one, other)


@pytest.mark.slow
@pytest.mark.parametrize("codebook", [None, 16])
def test_an_autoencoder_learns_to_give_pictures_back(codebook: int | None) -> None:
    short, long = autoencoding(codebook), autoencoding(codebook, iterations=400, batch=6, learning_rate=3e-3, warmup=20)
    before, after = (loop.finish(run(loop)).facts for loop in (short, long))
    assert after["psnr"] > max(20, before["psnr"] + 6)


@pytest.mark.slow
def test_the_scale_of_the_card_brings_latents_to_unit_variance() -> None:
    loop = autoencoding(iterations=100, batch=6, learning_rate=1e-2, warmup=10)
    trained = loop.finish(run(loop))
    module: Any = architecture("vae.architecture", ch=8, ch_mult=[1, 2], num_res_blocks=1, groups=4).module().eval()
    module.load_state_dict(trained.parameters)
    with torch.no_grad():
        latents = module.means(pictures(EXAMPLES) * 2 - 1) * trained.facts["scale"]
    assert latents.std().item() == pytest.approx(1, abs=1e-3)


def test_a_preview_is_what_is_held_out_given_back() -> None:
    loop = autoencoding()
    assert loop.preview is not None
    seen = loop.preview(run(loop))
    assert seen.shape == (6, 3, 8, 8)
    assert 0 <= seen.min() <= seen.max() <= 1


def test_what_is_no_autoencoder_is_told() -> None:
    with pytest.raises(ng.NodeError, match="no autoencoder"):
        autoencoder(EXAMPLES, ng.Architecture(Told), short())


def test_the_signal_to_noise_ratio_of_an_error_of_a_tenth_of_the_range_is_20_db() -> None:
    found = psnr(torch.full((2, 3, 4, 4), 0.1), torch.full((2, 3, 4, 4), -0.1))
    torch.testing.assert_close(found, torch.full((2,), 20.0))


def test_the_reconstruction_loss_is_its_three_parts() -> None:
    found = torch.tensor([[0.0, 0.5], [0.0, 0.0]]).view(1, 1, 2, 2)
    wanted = 0.5 / 4 + 2 * 0.25 / 4 + 3 * (0.5 / 2 + 0.5 / 2)
    assert reconstruction(found, torch.zeros_like(found), Weights(2.0, 3.0, 0.0)).item() == pytest.approx(wanted)


def test_the_contrastive_loss_is_the_logarithm_of_the_number_of_pairs_that_look_alike() -> None:
    assert contrastive_loss(torch.zeros(5, 5)).item() == pytest.approx(math.log(5))
    assert contrastive_loss(100 * torch.eye(5)).item() == pytest.approx(0, abs=1e-6)
    one_sided = torch.tensor([[10.0, 10.0], [0.0, 0.0]])
    wanted = (math.log(2) + (math.log1p(math.exp(-10)) + math.log1p(math.exp(10))) / 2) / 2
    assert contrastive_loss(one_sided).item() == pytest.approx(wanted)


def test_a_text_is_retrieved_where_a_picture_like_its_own_is_the_nearest() -> None:
    texts, pictures = torch.tensor([[3.0, 1.0], [2.0, 1.0], [2.0, 1.0]]), torch.eye(2)[[0, 1, 0]]
    assert retrieved(texts, pictures, torch.tensor([0, 1, 2])).tolist() == [True, False, False]
    assert retrieved(texts, pictures, torch.tensor([0, 1, 0])).tolist() == [True, False, True]


def test_pictures_are_alike_where_every_pixel_is() -> None:
    pixels = EXAMPLES.pixels[[0, 1, 0, 2, 1]].clone()
    pixels[4, 0, 3, 3] += 1
    assert alike(pixels).tolist() == [0, 1, 0, 3, 4]


def test_locked_pictures_stay_where_they_were_and_texts_learn_to_come_there() -> None:
    torch.manual_seed(3)
    before = architecture("text.architecture", **TOWERS).module().state_dict()
    pictures = ["vision_model.", "visual_projection."]
    network = begun(architecture("text.architecture", **TOWERS), Trained(before, 0.0, {}), locked=pictures)
    loop = clip(EXAMPLES, TOKENS, EXAMPLES, TOKENS, network, short())
    after = loop.finish(run(loop)).parameters
    moved = {name for name, value in after.items() if not torch.equal(value, before[name])}
    assert not any(name.startswith(tuple(pictures)) for name in moved)
    assert "text_projection.weight" in moved
    assert "text_model.embeddings.token_embedding.weight" in moved


def test_what_fills_all_texts_up_is_left_out_but_for_one() -> None:
    tokens = torch.tensor([[7, 1, 9, 9, 9], [7, 1, 2, 9, 9]])
    assert trimmed(tokens).tolist() == [[7, 1, 9, 9], [7, 1, 2, 9]]


def test_captions_of_other_pictures_are_told() -> None:
    with pytest.raises(ng.NodeError, match="3 captions for 6 pictures"):
        clip(EXAMPLES, TOKENS[:3], EXAMPLES, TOKENS, architecture("text.architecture", **TOWERS), short())


@pytest.mark.slow
def test_a_clip_learns_which_picture_a_text_is_of() -> None:
    network = architecture("text.architecture", **TOWERS)
    settings: dict[str, Any] = {"iterations": 200, "batch": 6, "learning_rate": 3e-3, "warmup": 10, "decay": 0.9}
    loop = clip(EXAMPLES, TOKENS, EXAMPLES, TOKENS, network, short(**settings, per_step=50))
    assert loop.finish(run(loop)).facts["retrieval"] == 1


@pytest.mark.slow
def test_the_denoiser_learns_what_each_caption_stands_for() -> None:
    loop = denoising(iterations=1500, batch=64, per_step=500, learning_rate=1e-2, warmup=10, drop=0.0)
    trained = loop.finish(run(loop))
    module = Told().eval()
    module.load_state_dict(trained.parameters)
    level = PROCESS.level(700)
    noise = torch.randn(3, 1, 2, 2, generator=torch.Generator().manual_seed(0))
    x = level.alpha * LATENTS + level.sigma * noise
    output = module(x, torch.full((3,), level.t), context=WANTED["context"])
    found = ng.to_x0(output, x, level, "v").mean(dim=(1, 2, 3))
    torch.testing.assert_close(found, torch.tensor([1.0, -1.0, 0.5]), rtol=0, atol=0.3)


def test_a_tokenizer_of_another_size_than_the_networks_is_told() -> None:
    towers = {**TOWERS, "end_token": 7}
    with pytest.raises(ng.NodeError, match="without the end token"):
        clip(EXAMPLES, TOKENS, EXAMPLES, TOKENS, architecture("text.architecture", **towers), short())


def test_captions_are_dropped_for_the_empty_text_as_often_as_asked() -> None:
    told: list[Tensor] = []

    class Listening(Told):
        def forward(self, x: Tensor, t: Tensor, *, context: Tensor) -> Tensor:
            told.append(context)
            return super().forward(x, t, context=context)

    settings = short(iterations=8, batch=500, per_step=8)
    loop = latent(EXAMPLES, ng.Latent(LATENTS), WANTED, ng.Architecture(Listening), PROCESS, settings, EMPTY, drop=0.25)
    run(loop)
    dropped = torch.cat(told[-8:]).abs().sum(dim=(1, 2)) == 0  # before, it has been judged untrained
    assert len(dropped) == 4000
    assert abs(dropped.float().mean().item() - 0.25) < 5 * math.sqrt(0.25 * 0.75 / 4000)


def test_conditions_of_other_pictures_are_told() -> None:
    with pytest.raises(ng.NodeError, match="3 conditions for 2 latents"):
        latent(EXAMPLES, ng.Latent(LATENTS[:2]), WANTED, ng.Architecture(Told), PROCESS, short(), EMPTY)


def test_one_condition_for_all_latents_goes_with_each() -> None:
    from noisegraph_training.latent import tabled

    one = ng.Condition({"context": WANTED["context"][:1], "vector": torch.arange(3.0)[:, None]})
    table = tabled(one, ng.Condition({"context": EMPTY["context"], "vector": torch.full((1, 1), 9.0)}), 3)
    assert torch.equal(table["context"][:3], WANTED["context"][:1].expand(3, -1, -1))
    assert torch.equal(table["context"][3:], EMPTY["context"])
    assert table["vector"].flatten().tolist() == [0, 1, 2, 9]


def test_weights_may_be_stored_in_half_precision_and_the_card_tells_what_was_measured() -> None:
    loop = contrasting()
    network = architecture("text.architecture", **TOWERS)
    made = weights(loop.finish(run(loop)), network, purpose="a", licence="MIT", graph="g.json", stored="float16")
    assert {value.dtype for value in made.tensors.values()} == {torch.float16}
    assert {"retrieval", "retrieval_held_out", "data", "training", "network"} <= set(made.card)
