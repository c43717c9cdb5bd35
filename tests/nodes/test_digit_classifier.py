"""The noisy classifier of digits: what it knows at which noise, and that it guides."""

from __future__ import annotations

import json
import math

import noisegraph as ng
import pytest
import torch
from noisegraph.check import check
from noisegraph.graph import parse
from noisegraph.nodes import classifier, label, model, unet
from noisegraph.nodes.models import shipped
from noisegraph.nodes.models.digits import digit_classifier
from noisegraph.registry import Registry
from sklearn.datasets import load_digits

from .drawing import node, walked

MADE = digit_classifier()
EVERY = 6
"""One real digit in so many was held out of the training."""
PIXELS, LABELS = (torch.from_numpy(part) for part in load_digits(return_X_y=True))
HELD_OUT = torch.arange(len(PIXELS)) % EVERY == EVERY - 1
DIGITS, KNOWN = (PIXELS[HELD_OUT].float() / 8 - 1).view(-1, 1, 8, 8), LABELS[HELD_OUT]


def right(x: torch.Tensor, level: ng.Level) -> float:
    with torch.no_grad():
        return float((MADE.logits(x, level).argmax(1) == KNOWN).float().mean())


def test_it_knows_clean_digits_that_it_has_not_seen_and_fewer_the_more_noise_there_is() -> None:
    noise = ng.normal(range(len(DIGITS)), DIGITS, "test")
    levels = [ng.at_ratio(MADE.network.process, ratio) for ratio in (0.4, 1.0, 100.0)]
    clean = right(DIGITS, classifier.CLEAN)
    some, more, most = (right(ng.noised(DIGITS, noise, level), level) for level in levels)
    assert clean > 0.96
    assert some > 0.9
    assert some > more > 0.6
    assert most < 0.2


def test_the_card_tells_what_the_classifier_does() -> None:
    card = shipped.read_card("digit-classifier")
    wanted = card["accuracy_held_out"][f"{MADE.network.process.level(0).ratio:.3g}"]
    assert right(DIGITS, classifier.CLEAN) == pytest.approx(wanted, abs=0.02)
    assert (shipped.WEIGHTS / "digit-classifier.safetensors").stat().st_size < 300_000


def test_a_state_of_another_process_is_known_as_well_at_the_same_ratio_of_noise() -> None:
    noise, own = ng.normal(range(len(DIGITS)), DIGITS, "test"), ng.at_ratio(MADE.network.process, 0.4)
    exploding = ng.EDM().level(0.4)
    with torch.no_grad():
        one, other = (MADE.logits(ng.noised(DIGITS, noise, level), level) for level in (own, exploding))
    torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-3)


def test_its_gradient_is_that_of_the_logarithm_of_the_probability() -> None:
    level, x = ng.EDM().level(0.5), DIGITS[:2]
    judge = classifier.log_probability(MADE, label=[3, 8])
    slope = ng.class_gradient(judge, x, level)
    step = 0.02 * slope / slope.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
    with torch.no_grad():
        gained = judge(x + step, level) - judge(x - step, level)
    torch.testing.assert_close(gained, 2 * (slope * step).flatten(1).sum(1), rtol=0.05, atol=1e-3)


def test_it_guides_the_unconditional_model_to_the_digit_that_is_asked_for() -> None:
    drawer = model.digit()
    plain = unet.denoiser(drawer.unet, label.encode(classes=10))
    guided = node("guide.classifier")(plain, classifier.log_probability(MADE, label=4), scale=3.0)
    shares = []
    for denoiser in (plain, guided):
        # Unclipped, what the first steps would pull the data by is larger than any data, as alpha is nearly 0 there.
        clipped = node("guide.clamp")(denoiser)
        drawn = walked(drawer, node("sampler.ddim")(), clipped, steps=15, batch=24)
        logits = classifier.logits(MADE, drawn)
        shares.append(float((logits.argmax(1) == 4).float().mean()))
    assert shares[0] < 0.4
    assert shares[1] > 0.85


def test_features_are_what_the_logits_are_a_projection_of() -> None:
    found, logits = classifier.features(MADE, ng.Latent(DIGITS[:64])), classifier.logits(MADE, ng.Latent(DIGITS[:64]))
    assert found.shape == (64, 32)
    inputs = torch.cat([found, torch.ones(64, 1)], dim=1)
    fitted = inputs @ torch.linalg.lstsq(inputs, logits).solution
    torch.testing.assert_close(fitted, logits, rtol=0, atol=1e-3)


def test_what_it_does_not_know_is_told() -> None:
    with pytest.raises(ng.NodeError, match="label 10 is not one"):
        classifier.log_probability(MADE, label=10)
    with pytest.raises(ng.NodeError, match="2 labels for 3 pictures"):
        classifier.log_probability(MADE, label=[1, 2])(DIGITS[:3], classifier.CLEAN)
    with pytest.raises(ng.NodeError, match="pictures of 3 x 8 x 8: the classifier knows 1 x 8 x 8"):
        classifier.logits(MADE, ng.Latent(torch.zeros(1, 3, 8, 8)))


def test_a_label_that_no_digit_has_is_found_while_checking() -> None:
    nodes = {
        "judge": {"use": "model.digit_classifier"},
        "wanted": {"use": "classifier.log_probability", "classifier": "$judge", "label": 12},
    }
    graph = parse(json.dumps({"nodes": nodes, "outputs": {"wanted": "$wanted"}}))
    (problem,) = check(graph, Registry.installed(), {}).problems
    assert "label 12" in problem.what


def test_clean_data_are_judged_at_the_least_noise_of_its_process() -> None:
    assert MADE.network.process.at_log_snr(math.inf).t <= MADE.network.process.level(0).t
