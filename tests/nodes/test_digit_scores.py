"""The score network of digits under annealed Langevin dynamics, and the improved DDPM's learned variance."""

from __future__ import annotations

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes import classifier, label, model
from noisegraph.nodes.evaluation.answers import score_of
from noisegraph.nodes.models import shipped
from noisegraph.nodes.models.digits import digit_classifier, digit_scores
from sklearn.datasets import load_digits

from .drawing import node, walked

SCORES, IMPROVED, JUDGE = digit_scores(), model.digit_improved(), digit_classifier()


@pytest.mark.slow
def test_annealed_langevin_dynamics_draws_digits_of_many_kinds_that_the_classifier_knows() -> None:
    process = SCORES.process
    ladder = tuple(process.level(1 - index / 19 * (1 - process.t_min)) for index in range(20))
    levels = ng.Levels((*ladder, ng.Level(0.0, 1.0, 0.0)), process)
    noise = node("latent.noise")(SCORES.latent, levels, seed=0, batch=32)
    solver = node("sampler.annealed_langevin")(updates=20, rate=0.05)
    with torch.no_grad():
        drawn = node("sampler.sample")(solver, ng.Conditioned(SCORES.unet), noise, levels).run()
    logits = classifier.logits(JUDGE, ng.Latent(drawn.clamp(-1, 1)))
    assert score_of(logits.double().log_softmax(1)) > 4
    assert logits.softmax(1).amax(1).mean() > 0.75
    assert len(logits.argmax(1).unique()) >= 7


def test_the_score_network_finds_the_noise_of_digits_at_every_rung() -> None:
    digits = torch.from_numpy(load_digits().data[5::12]).float().view(-1, 1, 8, 8) / 8 - 1
    denoiser = ng.Conditioned(SCORES.unet)
    for ratio in (0.1, 0.5, 2.0):
        level = SCORES.process.at_log_snr(-2 * torch.tensor(ratio).log().item())
        noise = ng.normal(range(len(digits)), digits, "test")
        with torch.no_grad():
            error = (ng.eps(denoiser, ng.noised(digits, noise, level), level) - noise).square().mean()
        assert error < 0.8  # that of a network which knows nothing is 1


def test_the_improved_model_draws_the_digits_that_are_asked_for_in_strided_steps_with_its_own_variance() -> None:
    asked = [digit for digit in range(10) for _ in range(3)]
    denoiser = ng.Conditioned(IMPROVED.unet, label.encode(label=asked, classes=IMPROVED.classes))
    solver = node("sampler.ddpm")(variance="learned")
    drawn = walked(IMPROVED, solver, node("guide.clamp")(denoiser), steps=40, batch=len(asked))
    right = classifier.logits(JUDGE, ng.Latent(drawn.clamp(-1, 1))).argmax(1) == torch.tensor(asked)
    assert right.float().mean() > 0.8


def test_the_learned_variance_bounds_the_likelihood_more_tightly_than_either_fixed_one() -> None:
    found = load_digits(return_X_y=True)
    data = ng.Latent(torch.from_numpy(found[0][5::60]).float().view(-1, 1, 8, 8) / 8 - 1)
    told = label.encode(label=found[1][5::60].tolist(), classes=10)
    denoiser = node("guide.clamp")(ng.Conditioned(IMPROVED.unet, told))  # as published figures have it
    levels = node("levels.uniform")(IMPROVED.process, steps=25, spacing="trailing")
    with torch.no_grad():
        bits = {
            kind: float(node("likelihood.bound")(denoiser, data, levels, variance=kind).run().total.mean())
            for kind in ("learned", "small", "large")
        }
    assert bits["learned"] < min(bits["small"], bits["large"])


@pytest.mark.parametrize("name", ["digit-scores", "digit-improved"])
def test_its_weights_are_small_and_the_card_names_the_graph(name: str) -> None:
    assert (shipped.WEIGHTS / f"{name}.safetensors").stat().st_size < 1_300_000
    assert (shipped.WEIGHTS.parents[1] / shipped.read_card(name)["graph"]).exists()
