"""The graphs of graphs/systems show what the papers claim, at a reduced size."""

from __future__ import annotations

import json
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.graph import library, load
from noisegraph.nodes import classifier, text, vision
from noisegraph.registry import Registry
from noisegraph.store.cache import Cache
from noisegraph_training.data import digits
from torch.nn import functional

from . import computed, write_gallery

GRAPHS = {name.partition("/")[2]: path for name, path in library().items() if name.startswith("systems/")}
REGISTRY = Registry.installed()
SIZES = ("small", "smooth", "see_off")
"""Nodes of the cascade: what it begins with, that enlarged, and what it ends with."""
CACHE = Cache(10**9, None)
"""What two questions to a graph have in common is made once."""


def value(graph: str, node: str, **given: Any) -> Any:
    """What a node of a system's graph gives."""
    return computed.value(f"systems/{graph}", node, CACHE, **given)


@pytest.mark.parametrize("name", GRAPHS)
def test_it_names_its_paper_and_ends_in_pictures(name: str) -> None:
    graph = json.loads(GRAPHS[name].read_text("utf-8"))
    assert graph["paper"][-4:].isdigit()
    assert len(graph["about"]) > 200
    assert graph["outputs"]


@pytest.mark.slow
def test_guidance_without_a_classifier_makes_labels_surer_and_too_much_leads_away_from_the_data() -> None:
    few = {"repeat": 8, "count": 80, "steps": 8}
    unguided, learned, strong = (
        [
            value("classifier-free-guidance", f"at_{scale}/judged/{figure}", **few).value
            for figure in ("score", "distance")
        ]
        for scale in (0, 1, 8)
    )
    assert unguided[0] < learned[0] - 0.5
    assert learned[1] < unguided[1]
    assert strong[1] > learned[1] + 0.3


@pytest.mark.slow
def test_a_classifiers_gradient_trades_diversity_for_fidelity() -> None:
    few = {"repeat": 10, "count": 100, "steps": 12}
    free, led = (
        [value("classifier-guidance", f"at_{scale}/judged/{figure}", **few).value for figure in ("faithful", "covered")]
        for scale in (0, 10)
    )
    assert led[0] > free[0]
    assert led[1] < free[1] - 0.1


@pytest.mark.slow
@pytest.mark.parametrize("solver", ["pndm", "deis", "dpm", "dpmpp", "unipc"])
def test_fast_solvers_are_nearer_to_the_flow_than_ddim_with_as_few_evaluations(solver: str) -> None:
    far, near = (float(value("fast-solvers", f"{name}_10/error", finest=60)) for name in ("ddim", solver))
    assert near < far * 0.75


@pytest.mark.slow
@pytest.mark.parametrize("solver", ["deis", "dpm", "dpmpp", "unipc"])
def test_fast_solvers_win_on_emoji_too_with_twenty_evaluations(solver: str) -> None:
    far, near = (float(value("fast-solvers", f"emoji_{name}_20/error", emoji_finest=30)) for name in ("ddim", solver))
    assert near < far


def test_the_learned_reverse_draws_the_roll_and_the_bound_is_above_the_truth_and_below_noise() -> None:
    walk = value("diffusion-2015", "walk", count=200)
    roll = value("diffusion-2015", "roll")
    found, exact = (float(roll.log_density(points.double()).mean()) for points in (walk.states[-1], roll.sample(200)))
    assert found > exact - 2
    assert float(roll.log_density(walk.states[0].double()).mean()) < exact - 10
    bits = float(value("diffusion-2015", "bound", batch=400).total.mean())
    true = -float(value("diffusion-2015", "exact", batch=400).double().mean()) / (2 * 0.6931)
    assert true < bits < true + 1.5


@pytest.mark.slow
def test_annealing_draws_digits_where_langevin_at_the_least_noise_does_not() -> None:
    real = digits(part="all").data.flatten(1)
    plain, first, second = (
        float(torch.cdist(value("ncsn", f"by_{name}", count=12).flatten(1), real).amin(1).mean())
        for name in ("plain", "first", "second")
    )
    assert second < first < plain * 0.75


@pytest.mark.slow
def test_a_learned_variance_needs_fewer_bits_than_fixed_ones_with_few_steps() -> None:
    beta, tilde, learned = (
        value("improved-ddpm", f"{name}_25/bits", every=60).value for name in ("beta", "tilde", "learned")
    )
    assert learned < min(beta, tilde)


def test_dynamic_thresholding_keeps_pixels_within_and_grey_where_guidance_is_strong() -> None:
    free, static, dynamic = (value("imagen-thresholding", f"by_{name}") for name in ("no", "static", "dynamic"))
    assert float(free.abs().max()) > 1.2
    assert float(dynamic.abs().max()) < 1.05
    full = [float((pixels.abs() > 0.98).float().mean()) for pixels in (free, static, dynamic)]
    assert full[2] < full[1]
    assert full[2] < full[0]


@pytest.mark.slow
def test_scores_are_learned_without_the_exact_one_as_well_as_from_it() -> None:
    few = {"iterations": 400, "count": 1000}
    level = slice(3, 7)
    """Levels that so little training is enough for."""

    def off(objective: str, **given: int) -> float:
        return float(value("score-matching", f"of_{objective}", **{**few, **given}).each.mean(0)[level].mean())

    first, taught = off("denoising", iterations=1), off("explicit")
    assert taught < first / 2
    for objective in ("implicit", "denoising", "sliced"):
        assert off(objective) < taught * 1.35


@pytest.mark.slow
def test_ancestral_sampling_heads_for_its_picture_ever_more_surely_and_with_either_variance() -> None:
    real = digits(part="all").data.flatten(1)
    thought = value("ddpm", "heading", steps=100).view(10, 12, -1)
    far = (thought - thought[:, -1:]).norm(dim=2).mean(0)
    assert (far.diff()[1:] < 0).all()
    drawn = [value("ddpm", node, steps=100).flatten(1) for node in ("noisier", "calmer")]
    near, nearer = (float(torch.cdist(one, real).amin(1).mean()) for one in drawn)
    assert max(near, nearer) < float(torch.cdist(real[:200], real[200:]).amin(1).mean()) * 1.25
    loss = value("ddpm", "squares").each.mean(0)
    assert (loss[10::10] > loss[:-10:10]).all()


@pytest.mark.slow
def test_without_noise_few_steps_draw_better_and_a_picture_comes_back_from_its_code() -> None:
    few = {"repeat": 10, "count": 100}
    without, full = (value("ddim", f"at_{eta}_10/distance", **few).value for eta in (0, 10))
    assert without < full * 0.85
    given, again = (value("ddim", node, steps=20) for node in ("before", "after"))
    assert float((given - again).square().mean().sqrt()) < 0.05


@pytest.mark.slow
@pytest.mark.parametrize("process", ["ve", "vp", "sub_vp"])
def test_every_way_back_of_a_score_sde_ends_at_the_data_and_the_flow_tells_their_likelihood(process: str) -> None:
    few = {"count": 100, "steps": 30}
    assert float(value("score-sde", f"{process}/error", count=40, steps=20).abs().max()) < 0.05
    mixture = value("score-sde", f"{process}/mixture", **few)
    truth, chance = (mixture.sample(100, seed) for seed in (1, 2))
    least = abs(float(ng.energy_distance(truth, chance)))
    start = value("score-sde", f"{process}/third", **few).states[0]
    wide = float(ng.energy_distance(start.double(), truth))
    for way in ("first", "second", "third"):
        points = value("score-sde", f"{process}/{way}", **few).states[-1].double()
        assert float(ng.energy_distance(points, truth)) < least + wide / 10


def similarity(graph: str, model: str, node: str, prompts: list[str], **given: Any) -> torch.Tensor:
    """How similar the pictures of a node are to these words, each to each, by the built-in CLIP."""
    encoder = value(graph, model, **given).text
    pictures = vision.embed(encoder, value(graph, node, **given))
    return pictures @ text.embed(encoder, prompt=prompts).T


@pytest.mark.slow
def test_latent_diffusion_draws_what_the_words_say_and_image_to_image_what_the_new_words_say() -> None:
    prompts, others = (load(GRAPHS["latent-diffusion"]).inputs[name] for name in ("prompts", "others"))
    drawn, changed = (
        similarity("latent-diffusion", "model", node, [*prompts, *others], steps=12) for node in ("drawn", "changed")
    )
    own = torch.arange(8)
    assert int((drawn[:, :8].argmax(1) == own).sum()) >= 6
    assert (changed[own, own + 8] - changed[own, own]).mean() > (drawn[own, own + 8] - drawn[own, own]).mean() + 0.1


@pytest.mark.slow
def test_both_kinds_of_autoencoder_give_pictures_back() -> None:
    for before, after, most in (("drawn", "again", 0.06), ("before", "after", 0.12)):
        pairs = [value("latent-diffusion", node, steps=12) for node in (before, after)]
        assert float((pairs[1] - pairs[0]).square().mean().sqrt()) < most


@pytest.mark.slow
def test_conditioning_augmentation_mends_what_a_hasty_small_model_does_wrong_and_too_much_hides_it() -> None:
    few = {"repeat": 40, "count": 400}
    none, little, much = (
        value("cascaded-diffusion", f"hasty_{strength}/distance", **few).value for strength in (0, 1, 4)
    )
    assert little < none
    assert much > little * 1.5


@pytest.mark.slow
def test_breaking_off_the_small_picture_is_like_noising_it_while_little_is_left_out() -> None:
    few = {"repeat": 20, "count": 200}

    def off(strength: int, kind: str) -> float:
        return float(value("cascaded-diffusion", f"careful_{strength}/{kind}", **few).value)

    assert abs(off(0, "truncated") - off(0, "distance")) < 0.1
    assert abs(off(2, "truncated") - off(2, "distance")) < off(4, "truncated") - off(2, "truncated")


def test_a_cascade_draws_the_small_picture_again_with_finer_edges() -> None:
    small, smooth, drawn = (value("cascaded-diffusion", node, steps=8, upper_steps=6) for node in SIZES)
    assert drawn.shape[2:] == smooth.shape[2:] == (128, 128)
    again = functional.avg_pool2d(drawn, 2)
    assert float((again - small).square().mean().sqrt()) < 0.12
    assert edges(drawn) > edges(smooth) * 1.05


@pytest.mark.slow
def test_an_efficient_unet_has_more_parameters_and_costs_a_fraction_and_learns_super_resolution() -> None:
    ordinary, efficient = (value("imagen-efficient-unet", f"cost_{index}") for index in (1, 2))
    assert efficient.parameters > ordinary.parameters
    assert efficient.multiplications < ordinary.multiplications / 3
    few = {"iterations": 250, "steps": 5}
    drawn, smooth = (float(value("imagen-efficient-unet", f"error_{index}", **few)) for index in (2, 0))
    assert drawn < smooth * 1.15


@pytest.mark.slow
def test_a_text_encoder_that_is_too_small_brings_fewer_words_to_their_picture() -> None:
    few = {"clip_iterations": 300, "count": 2000}
    least, most = (value("imagen-text-encoder", f"{size}_found", **few).value for size in ("tiny", "middle"))
    assert most > least
    assert most > 10 / 200


def test_latent_diffusion_follows_classes() -> None:
    judge = value("classifier-guidance", "at_0/judge")
    pushed = value("latent-diffusion-conditions", "pushed_digits", steps=10)
    logits = classifier.logits(judge, latent=ng.Latent(pushed[:, :1] * 2 - 1))
    assert int((logits.argmax(1) == torch.arange(10)).sum()) >= 8


def test_latent_diffusion_puts_digits_where_the_layout_says() -> None:
    boxes = load(GRAPHS["latent-diffusion-conditions"]).inputs["boxes"]
    judge = value("classifier-guidance", "at_0/judge")
    pictures = value("latent-diffusion-conditions", "one", steps=10)[:, :1] * 2 - 1
    wanted, cut = [], []
    for picture, places in zip(pictures, boxes, strict=True):
        for kind, top, left, *_ in places:
            wanted.append(kind)
            cut.append(picture[:, 2 * top : 2 * top + 8, 2 * left : 2 * left + 8])
    right = classifier.logits(judge, latent=ng.Latent(torch.stack(cut))).argmax(1) == torch.tensor(wanted)
    assert float(right.float().mean()) > 0.7
    layout = value("latent-diffusion-conditions", "layout")["concat"].amax(1, keepdim=True)
    covered = layout.repeat_interleave(2, 2).repeat_interleave(2, 3)
    ink = pictures / 2 + 0.5
    assert float(ink[covered == 0].mean()) < float(ink[covered == 1].mean()) / 5


def test_latent_diffusion_sharpens_what_is_blurred_and_keeps_what_the_blur_has_left() -> None:
    blurred, sharp, before = (
        value("latent-diffusion-conditions", node, steps=10) for node in ("blurred", "sharp", "before")
    )
    assert edges(sharp) > edges(blurred) * 1.5
    coarse, wanted = (functional.avg_pool2d(one, 4) for one in (sharp, before))
    assert float((coarse - wanted).square().mean().sqrt()) < 0.12


def edges(images: torch.Tensor) -> float:
    """How much neighbouring pixels differ, in the mean."""
    return float(images.diff(dim=2).abs().mean() + images.diff(dim=3).abs().mean())


def test_guidance_by_a_clip_leads_to_what_it_finds_most_similar_and_classifier_free_guidance_there_as_well() -> None:
    prompts = load(GRAPHS["glide"]).inputs["prompts"]
    unguided, clip, free = (
        similarity("glide", "model", node, prompts, steps=10).diagonal().mean() for node in ("unguided", "clip", "free")
    )
    assert clip > free > unguided + 0.05


@pytest.mark.slow
def test_inpainting_keeps_what_is_not_masked_and_draws_the_rest_anew() -> None:
    before, after = (value("glide", node, steps=10) for node in ("whole", "filled"))
    kept, drawn = ((after - before)[:, :, rows].abs().mean() for rows in (slice(0, 26), slice(36, 64)))
    assert kept < drawn / 3


def test_unclips_text_difference_turns_a_picture_to_the_new_words() -> None:
    graph = load(GRAPHS["unclip"]).inputs
    found = similarity("unclip", "space", "turns/images", [graph["from"], graph["changed"]], steps=10)
    assert found[0, 0] > found[0, 1]
    assert found[-1, 1] - found[-1, 0] > found[0, 1] - found[0, 0] + 0.1


def test_unclips_interpolation_goes_from_one_picture_to_the_other() -> None:
    graph = load(GRAPHS["unclip"]).inputs
    found = similarity("unclip", "space", "ways/images", [graph["from"], graph["to"]], steps=10)
    towards = found[:, 1] - found[:, 0]
    assert towards[0] < 0 < towards[-1]
    assert torch.corrcoef(torch.stack([towards, torch.arange(8.0)]))[0, 1] > 0.8


def test_unclips_variations_are_nearer_to_their_own_picture_than_to_others() -> None:
    encoder = value("unclip", "space", steps=10).text
    first, again = (vision.embed(encoder, value("unclip", f"{node}/images", steps=10)) for node in ("first", "again"))
    near = again @ first.T
    assert int((near.argmax(1) == torch.arange(6)).sum()) >= 4


def test_the_gallery_is_written_of_the_graphs_as_they_are_and_stays_small() -> None:
    assert write_gallery.PAGE.read_text("utf-8") == write_gallery.page()
    pictures = list(write_gallery.PICTURES.glob("*.png"))
    assert {picture.name for picture in pictures} == {
        f"{name}-{output}.png" for name, path in GRAPHS.items() for output in write_gallery.facts(path)["outputs"]
    }
    assert sum(picture.stat().st_size for picture in pictures) < 3e6
