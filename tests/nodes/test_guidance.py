"""Guidance reduces to what it is made of, leaves agreement alone, asks once, and does what its paper says."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes.guidance.apg import apg
from noisegraph.nodes.guidance.cfg import autoguidance, cfg, cfg_w
from noisegraph.nodes.guidance.classifier import classifier, classifier_mean
from noisegraph.nodes.guidance.compose import compose, mean, regions
from noisegraph.nodes.guidance.edit import edit
from noisegraph.nodes.guidance.facts import of_one_model
from noisegraph.nodes.guidance.perp_neg import perp_neg
from noisegraph.nodes.guidance.progress import progress
from noisegraph.nodes.guidance.rescale import rescaled_cfg
from noisegraph.nodes.guidance.schedule import between, cfg_schedule, interval, prompts, switch
from noisegraph.nodes.guidance.threshold import dynamic_threshold
from noisegraph.nodes.samplers.ddim import ddpm, posterior_variance, transition_variance
from noisegraph.testing.mixture import Mixture, three_clusters
from torch import Tensor

PROCESS = ng.DiscreteVP("linear")
LEVEL = PROCESS.level(400)
LEVELS = ng.Levels(tuple(PROCESS.level(t) for t in (999, 750, 500, 250, 50, -1)), PROCESS)
Guide = Callable[[ng.Denoiser, ng.Denoiser, float], ng.Denoiser]

GUIDES: dict[str, Guide] = {
    "cfg": lambda p, n, s: cfg(p, n, scale=s),
    "cfg_w": lambda p, n, s: cfg_w(p, n, w=s - 1),
    "autoguidance": lambda p, n, s: autoguidance(p, n, scale=s),
    "cfg_schedule": lambda p, n, s: cfg_schedule(p, n, LEVELS, start=s, end=s),
    "rescaled_cfg": lambda p, n, s: rescaled_cfg(p, n, scale=s, rescale=0.7),
    "rescaled_cfg of x0": lambda p, n, s: rescaled_cfg(p, n, scale=s, rescale=1.0, of="x0"),
    "apg": lambda p, n, s: apg(p, n, scale=s),
    "perp_neg": lambda p, n, s: perp_neg(p, n, [n], scale=s),
    "compose": lambda p, n, s: compose([p], n, scales=[s]),
}
LIKE_CFG: dict[str, Guide] = {
    "cfg": GUIDES["cfg"],
    "cfg_w": GUIDES["cfg_w"],
    "autoguidance": GUIDES["autoguidance"],
    "cfg_schedule": GUIDES["cfg_schedule"],
    "rescaled by 0": lambda p, n, s: rescaled_cfg(p, n, scale=s, rescale=0.0),
    "apg with all of its direction": lambda p, n, s: apg(p, n, scale=s, eta=1.0, norm=0.0),
    "perp_neg with nothing to avoid": lambda p, n, s: perp_neg(p, n, [p], scale=s, weights=[0.0]),
    "compose": GUIDES["compose"],
}
PATTERNS: dict[str, Callable[[list[ng.Denoiser]], ng.Denoiser]] = {
    **{name: lambda of, guide=guide: guide(of[0], of[1], 3.0) for name, guide in GUIDES.items()},  # type: ignore[misc]
    "perp_neg of three": lambda of: perp_neg(of[0], of[1], [of[2]]),
    "compose of three": lambda of: compose(of[:2], of[2], scales=[2.0, 0.5]),
    "edit": lambda of: edit(*of, scale=3.0, image_scale=1.5),
    "mean of three": lambda of: mean(of, weights=[1.0, 2.0, 3.0]),
}


class Drawn:
    """A network of one class of the mixture a row, that counts how it is asked."""

    process = PROCESS

    def __init__(self, learned: bool = False) -> None:
        self.model = three_clusters()
        self.learned = learned
        self.asked: list[int] = []

    def predict(self, x: Tensor, level: ng.Level, condition: Mapping[str, Tensor]) -> ng.Predicted:
        self.asked.append(len(x))
        each = torch.stack([self.model.denoise(x, level, component) for component in range(3)])
        x0 = each[condition["y"], torch.arange(len(x))]
        return ng.Predicted(x0, condition["y"][:, None] / 4 + torch.zeros_like(x) if self.learned else None)

    def of(self, component: int) -> ng.Denoiser:
        return ng.Conditioned(self, {"y": torch.tensor([component])})  # type: ignore[arg-type]


@pytest.fixture
def model() -> Mixture:
    return three_clusters()


@pytest.fixture
def x(model: Mixture) -> Tensor:
    clean = model.sample(6, seed=1)
    return ng.noised(clean, ng.normal(range(6), clean, "test"), LEVEL)


@pytest.mark.parametrize("guide", GUIDES.values(), ids=GUIDES)
def test_scale_1_is_the_positive_denoiser(guide: Guide, model: Mixture, x: Tensor) -> None:
    guided = guide(model.denoiser(0), model.denoiser(1), 1.0)
    torch.testing.assert_close(guided(x, LEVEL), model.denoise(x, LEVEL, 0))


@pytest.mark.parametrize("guide", LIKE_CFG.values(), ids=LIKE_CFG)
def test_scale_0_is_the_negative_denoiser(guide: Guide, model: Mixture, x: Tensor) -> None:
    guided = guide(model.denoiser(0), model.denoiser(1), 0.0)
    torch.testing.assert_close(guided(x, LEVEL), model.denoise(x, LEVEL, 1))


@pytest.mark.parametrize("guide", LIKE_CFG.values(), ids=LIKE_CFG)
def test_it_reduces_to_classifier_free_guidance(guide: Guide, model: Mixture, x: Tensor) -> None:
    toward, away = model.denoise(x, LEVEL, 0), model.denoise(x, LEVEL, 1)
    found = guide(model.denoiser(0), model.denoiser(1), 4.0)(x, LEVEL)
    torch.testing.assert_close(found, away + 4.0 * (toward - away))


@pytest.mark.parametrize("scale", [-2.0, 0.0, 0.5, 1.0, 7.5, 100.0])
@pytest.mark.parametrize("guide", GUIDES.values(), ids=GUIDES)
def test_denoisers_that_agree_are_left_alone(guide: Guide, scale: float, model: Mixture, x: Tensor) -> None:
    found = guide(model.denoiser(2), model.denoiser(2), scale)(x, LEVEL)
    torch.testing.assert_close(found, model.denoise(x, LEVEL, 2))


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
def test_a_shared_network_is_asked_once_in_one_batch(pattern: Any, x: Tensor) -> None:
    network = Drawn()
    apart = pattern([network.model.denoiser(component) for component in range(3)])(x, LEVEL)
    torch.testing.assert_close(pattern([network.of(component) for component in range(3)])(x, LEVEL), apart)
    assert len(network.asked) == 1


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
def test_each_denoiser_is_asked_once(pattern: Any, x: Tensor) -> None:
    networks = [Drawn(), Drawn(), Drawn()]
    pattern([network.of(component) for component, network in enumerate(networks)])(x, LEVEL)
    assert all(network.asked in ([], [len(x)]) for network in networks)


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
def test_an_image_does_not_depend_on_its_batch(pattern: Any, model: Mixture, x: Tensor) -> None:
    guided = pattern([model.denoiser(component) for component in range(3)])
    for row in range(len(x)):
        torch.testing.assert_close(guided(x[row : row + 1], LEVEL)[0], guided(x, LEVEL)[row])


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
def test_pictures_keep_their_shape_and_dtype(pattern: Any) -> None:
    pictures = torch.linspace(-1, 1, 96, dtype=torch.float32).reshape(2, 3, 4, 4)
    found = pattern([lambda x, level: x / 2, lambda x, level: x / 3 + 0.1, lambda x, level: x / 4])(pictures, LEVEL)
    assert found.shape == pictures.shape
    assert found.dtype == torch.float32
    assert torch.isfinite(found).all()


def test_the_learned_variance_of_the_positive_denoiser_is_kept(x: Tensor) -> None:
    network = Drawn(learned=True)
    for guided in (
        cfg(network.of(2), network.of(0), scale=3.0),
        apg(network.of(2), network.of(0), scale=3.0),
        classifier(network.of(2), lambda x, level: -x.square().sum(1)),
        dynamic_threshold(network.of(2)),
    ):
        variance = ng.predict(guided, x, LEVEL).variance
        assert variance is not None
        assert torch.equal(variance, torch.full_like(x, 0.5))


def test_a_denoiser_that_is_named_twice_is_asked_once(x: Tensor) -> None:
    network = Drawn()
    positive, plain = network.of(0), network.of(1)
    perp_neg(positive, plain, [plain, positive])(x, LEVEL)
    assert network.asked == [2 * len(x)]


def test_what_is_avoided_along_the_positive_direction_takes_nothing_away(x: Tensor) -> None:
    base, toward = torch.zeros_like(x), torch.tensor([1.0, 0.0], dtype=x.dtype).expand_as(x)
    across = torch.tensor([0.0, 1.0], dtype=x.dtype).expand_as(x)

    def avoiding(what: Tensor) -> Tensor:
        return perp_neg(lambda x, _: toward, lambda x, _: base, [lambda x, _: what], scale=2.0)(x, LEVEL)

    torch.testing.assert_close(avoiding(3 * toward), 2 * toward)
    torch.testing.assert_close(avoiding(toward + across), 2 * (toward - across))


def test_projected_guidance_keeps_the_part_that_stands_across(x: Tensor) -> None:
    toward = torch.tensor([2.0, 0.0], dtype=x.dtype).expand_as(x)
    away = torch.tensor([1.0, -3.0], dtype=x.dtype).expand_as(x)
    found = apg(lambda x, _: toward, lambda x, _: away, scale=2.0, eta=0.0, norm=0.0)(x, LEVEL)
    torch.testing.assert_close(found, torch.tensor([2.0, 3.0], dtype=x.dtype).expand_as(x))
    short = apg(lambda x, _: toward, lambda x, _: away, scale=2.0, eta=1.0, norm=1.0)(x, LEVEL)
    torch.testing.assert_close((short - toward).norm(dim=1), torch.ones(len(x), dtype=x.dtype))


def test_a_picture_and_words_each_have_their_scale() -> None:
    """By Brooks et al. 2023, eq. 3, on numbers that tell the three terms apart."""
    both, seen, plain = (lambda x, _, one=one: torch.full_like(x, one) for one in (100.0, 10.0, 1.0))
    found = edit(both, seen, plain, scale=2.0, image_scale=3.0)(torch.zeros(1, 2), LEVEL)
    assert found.tolist() == [[1.0 + 3 * 9 + 2 * 90] * 2]


@pytest.mark.parametrize("of", ["v", "eps", "x0", "flow"])
def test_rescaled_guidance_has_the_deviation_of_the_conditional_prediction(of: Any) -> None:
    x = torch.linspace(-2, 2, 96, dtype=torch.float64).reshape(2, 3, 4, 4)
    toward, away = torch.sin(3 * x), torch.cos(2 * x)
    found = rescaled_cfg(lambda x, _: toward, lambda x, _: away, scale=8.0, rescale=1.0, of=of)(x, LEVEL)
    deviations = [ng.from_x0(x0, x, LEVEL, of).flatten(1).std(1) for x0 in (found, toward)]
    torch.testing.assert_close(*deviations)


def test_scales_follow_their_schedule_from_the_first_step_to_the_last(x: Tensor) -> None:
    one, none = (lambda x, _: torch.ones_like(x)), (lambda x, _: torch.zeros_like(x))

    def scales(**options: Any) -> list[float]:
        guided = cfg_schedule(one, none, LEVELS, **options)
        return [float(guided(x, level)[0, 0]) for level in LEVELS[:-1]]

    assert scales(start=0.0, end=8.0) == pytest.approx([0, 2, 4, 6, 8])
    assert scales(start=8.0, end=0.0, power=2.0) == pytest.approx([8, 7.5, 6, 3.5, 0])
    half = [4 * (1 - math.cos(math.pi * share)) for share in (0, 0.25, 0.5, 0.75, 1)]
    assert scales(start=0.0, end=8.0, shape="cosine") == pytest.approx(half)


def test_progress_rises_between_the_levels_and_stays_at_its_ends() -> None:
    asked = [progress(LEVELS, PROCESS.level(t)) for t in (999, 900, 750, 700, 500, 50, 20, -1)]
    assert asked == sorted(asked)
    assert asked[0] == 0
    assert asked[2] == pytest.approx(0.25)
    assert asked[5:] == [1, 1, 1]


def test_prompts_act_for_their_shares_of_the_steps(model: Mixture, x: Tensor) -> None:
    several = [model.denoiser(component) for component in range(3)]
    scheduled = prompts(several, LEVELS, shares=[2.0, 2.0, 1.0])
    acting = [ng.at(scheduled, level) for level in LEVELS[:-1]]
    assert acting == [several[0], several[0], several[1], several[1], several[2]]
    turned = switch(several[0], several[1], LEVELS, at=0.4)
    assert [ng.at(turned, level) for level in LEVELS[:-1]] == [several[0]] * 2 + [several[1]] * 3


@pytest.mark.parametrize(
    ("start", "end", "acting"),
    [
        (0.0, 1.0, "iiiii"),
        (0.0, 0.6, "iiioo"),
        (0.4, 1.0, "ooiii"),
        (0.4, 0.6, "ooioo"),
        (0.0, 0.0, "ooooo"),
        (0.6, 0.4, "ooooo"),
        (0.6, 0.6, "ooooo"),
        (0.41, 0.42, "ooooo"),
    ],
)
def test_what_acts_between_two_shares_of_the_steps_leaves_the_others(
    start: float, end: float, acting: str, model: Mixture
) -> None:
    inside, outside = model.denoiser(0), model.denoiser()
    made = between(inside, outside, LEVELS, start=start, end=end)
    assert [ng.at(made, level) for level in LEVELS[:-1]] == [{"i": inside, "o": outside}[one] for one in acting]


def test_guidance_in_a_window_leaves_the_rest_alone(model: Mixture) -> None:
    guided, plain = model.denoiser(0), model.denoiser()
    window = interval(guided, plain, sigma_min=LEVELS[3].ratio, sigma_max=LEVELS[1].ratio)
    assert [ng.at(window, level) for level in LEVELS[:-1]] == [plain, guided, guided, plain, plain]


def test_a_window_without_an_upper_end_holds_pure_noise_too(model: Mixture) -> None:
    guided, plain = model.denoiser(0), model.denoiser()
    levels = [ng.Level(999.0, 0.0, 1.0), LEVELS[0], LEVELS[3]]
    window = interval(guided, plain, sigma_min=LEVELS[3].ratio)
    assert [ng.at(window, level) for level in levels] == [guided, guided, plain]
    assert guided in ng.acting(window, *levels[:2])


def test_regions_are_drawn_by_their_own_denoisers() -> None:
    left = torch.zeros(1, 1, 8, 8)
    left[..., :4] = 1
    x = torch.zeros(2, 3, 4, 4)
    whole = torch.ones(1, 1, 8, 8)
    parts = [lambda x, _: torch.full_like(x, 1.0), lambda x, _: torch.full_like(x, 2.0)]
    found = regions(parts[:1], [ng.Mask(left)], parts[1])(x, LEVEL)
    assert (found[..., :2] == 1).all()
    assert (found[..., 2:] == 2).all()
    shared = regions(parts, [ng.Mask(left), ng.Mask(whole)], lambda x, _: x)(x, LEVEL)
    assert (shared[..., :2] == 1.5).all()
    assert (shared[..., 2:] == 2).all()


@pytest.mark.parametrize("variance", ["small", "large", "learned"])
@pytest.mark.parametrize("index", [0, 2, 4])
def test_guidance_of_the_mean_moves_a_ddpm_step_by_its_variance(variance: Any, index: int, x: Tensor) -> None:
    network = Drawn(learned=True)
    plain = network.of(2)
    here, there = LEVELS[index], LEVELS[index + 1]
    pull: ng.Classifier = lambda x, level: (x * torch.tensor([1.0, -2.0], dtype=x.dtype)).sum(1)  # noqa: E731
    guided = classifier_mean(plain, pull, LEVELS, scale=0.5, variance=variance)
    quiet = ng.Step(LEVELS, index, noise=lambda draw=0: torch.zeros_like(x), path=lambda start, end: x)
    before, after = (ddpm(variance=variance).step(one, ddpm().init(x), quiet).x for one in (plain, guided))
    beta, small = transition_variance(here, there), posterior_variance(here, there)
    clipped = small if index < 4 else posterior_variance(LEVELS[3], LEVELS[4])
    large = beta if index < 4 else clipped
    spread = {"small": small, "large": large, "learned": math.sqrt(beta * clipped)}[variance]
    moved = 0.5 * spread * torch.tensor([1.0, -2.0], dtype=x.dtype).expand_as(x)
    torch.testing.assert_close(after - before, moved, rtol=1e-9, atol=1e-12)


def test_a_class_gradient_is_found_wherever_gradients_are_off(model: Mixture, x: Tensor) -> None:
    pull: ng.Classifier = lambda x, level: model.class_log_probabilities(x, level)[:, 1]  # noqa: E731
    expected = model.class_gradient(x, LEVEL, 1)
    with torch.no_grad():
        torch.testing.assert_close(ng.class_gradient(pull, x, LEVEL), expected)
    with torch.inference_mode():
        torch.testing.assert_close(ng.class_gradient(pull, x.clone(), LEVEL), expected)


REFUSED: dict[str, Callable[[ng.Denoiser], object]] = {
    "weights for": lambda one: perp_neg(one, one, [one, one, one], weights=[1.0, 2.0]),
    "scales for": lambda one: compose([one], one, scales=[1.0, 2.0]),
    "sum to 0": lambda one: mean([one, one], weights=[1.0, -1.0]),
    "masks for": lambda one: regions([one], [], one),
    "shares for": lambda one: prompts([one, one], LEVELS, shares=[1.0]),
    "less than a step of": lambda one: prompts([one, one], LEVELS, shares=[1.0, 100.0]),
    "empty window": lambda one: interval(one, one, sigma_min=2.0, sigma_max=1.0),
    "alpha is 0": lambda one: classifier(one, lambda x, _: x.sum(1))(torch.ones(1, 2), ng.Level(1.0, 0.0, 1.0)),
    "no step of its levels": lambda one: classifier_mean(one, lambda x, _: x.sum(1), LEVELS)(torch.ones(1, 2), LEVEL),
    "least is the smaller": lambda one: dynamic_threshold(one, least=2.0, most=1.0),
}


@pytest.mark.parametrize("told", REFUSED)
def test_what_does_not_go_together_is_told(told: str, model: Mixture) -> None:
    with pytest.raises(ng.NodeError) as caught:
        REFUSED[told](model.denoiser())
    assert told in f"{caught.value} {caught.value.hint}"


FACTS: dict[str, dict[str, Any]] = {
    "one": {"family": "a", "sizes": (4, 8, 8)},
    "other": {"family": "b", "sizes": (4, 8, 8)},
    "large": {"sizes": (4, 9, 9)},
}


def test_denoisers_of_different_models_are_refused_before_they_are_made() -> None:
    facts = of_one_model("positive", "negative")
    assert facts({"positive": FACTS["one"], "negative": {}, "scale": 2.0}) == FACTS["one"]
    for wrong in ("other", "large"):
        with pytest.raises(ng.NodeError, match="must be the same"):
            facts({"positive": FACTS["one"], "negative": FACTS[wrong]})
    either = of_one_model("denoiser", "weak", family=False)
    assert either({"denoiser": FACTS["one"], "weak": FACTS["other"]})["family"] == "a"


def test_a_picture_that_is_kept_says_nothing_of_the_denoisers_batch() -> None:
    found = of_one_model("denoiser", "known")({"denoiser": FACTS["one"], "known": {**FACTS["one"], "batch": 3}})
    assert found == FACTS["one"]
