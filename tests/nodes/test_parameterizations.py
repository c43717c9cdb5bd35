"""What networks put out becomes data and back again, as closed forms of a mixture say."""

from __future__ import annotations

import math
from typing import Any

import noisegraph as ng
import pytest
import torch

from .golden import load, mixture, needs_golden

PREDICTIONS: list[ng.Prediction] = ["eps", "x0", "v", "score", "flow"]


def stored(key: str) -> torch.Tensor:
    return torch.from_numpy(load("theory.npz")[key])


def points(name: str, schedule: str) -> list[tuple[int, ng.Level]]:
    """Row and level of every stored point of a discrete schedule."""
    key = f"param/{name}/{schedule}"
    rows = zip(
        stored(f"{key}/t").tolist(), stored(f"{key}/alpha").tolist(), stored(f"{key}/sigma").tolist(), strict=True
    )
    return [(row, ng.Level(*level)) for row, level in enumerate(rows)]


@needs_golden
@pytest.mark.parametrize("name", ["A2", "B8", "G2", "O2"])
@pytest.mark.parametrize("schedule", ["linear", "scaled_linear", "cosine", "sigmoid"])
def test_the_mixture_has_the_data_noise_velocity_score_and_density_of_its_closed_form(name: str, schedule: str) -> None:
    model, key = mixture(name), f"param/{name}/{schedule}"
    for row, level in points(name, schedule):
        x = stored(f"{key}/x")[row : row + 1]
        ours = {
            "x0": model.denoise(x, level),
            "eps": ng.eps(model.denoiser(), x, level),
            "v": ng.v(model.denoiser(), x, level),
            "score": ng.score(model.denoiser(), x, level),
        }
        for prediction, value in ours.items():
            # Noise is recovered from data by a division by sigma, which magnifies what float64 leaves out.
            torch.testing.assert_close(
                value[0], stored(f"{key}/{prediction}")[row], rtol=1e-9, atol=1e-11 / level.sigma**2
            )
        torch.testing.assert_close(model.log_density(x, level)[0], stored(f"{key}/logp")[row], rtol=1e-9, atol=1e-9)


@needs_golden
@pytest.mark.parametrize("name", ["A2", "B8", "O2"])
def test_the_mixture_has_the_class_posterior_of_its_closed_form(name: str) -> None:
    model, key = mixture(name), f"param/{name}/linear"
    for row, level in points(name, "linear"):
        x = stored(f"{key}/x")[row : row + 1]
        torch.testing.assert_close(
            model.class_log_probabilities(x, level)[0], stored(f"{key}/class_logits")[row], rtol=1e-8, atol=1e-8
        )
        for component in range(len(model.weights)):
            torch.testing.assert_close(
                model.class_gradient(x, level, component)[0],
                stored(f"{key}/class_grad")[component][row],
                rtol=1e-8,
                atol=1e-8,
            )


@needs_golden
def test_the_flow_velocity_of_the_mixture_is_noise_less_data() -> None:
    key = "param/A2/flow"
    for row, t in enumerate(stored(f"{key}/t").tolist()):
        level, x = ng.Level(t, 1 - t, t), stored(f"{key}/x")[row : row + 1]
        x0 = mixture("A2").denoise(x, level)
        torch.testing.assert_close(
            ng.from_x0(x0, x, level, "flow")[0], stored(f"{key}/u")[row], rtol=1e-9, atol=1e-11 / t
        )


@pytest.mark.parametrize("prediction", PREDICTIONS)
@pytest.mark.parametrize("level", [ng.Level(0, 0.6, 0.8), ng.Level(0, 1.0, 5.0), ng.Level(0, 0.3, 0.7)])
def test_every_prediction_goes_to_data_and_back(prediction: ng.Prediction, level: ng.Level) -> None:
    x0, noise = torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    x = ng.noised(x0, noise, level)
    output = ng.from_x0(x0, x, level, prediction)
    known = {
        "eps": noise,
        "x0": x0,
        "v": level.alpha * noise - level.sigma * x0,
        "score": -noise / level.sigma,
        "flow": noise - x0,
    }
    torch.testing.assert_close(output, known[prediction])
    torch.testing.assert_close(ng.to_x0(output, x, level, prediction), x0)


@pytest.mark.parametrize("prediction", ["eps", "score"])
def test_a_network_that_predicts_noise_is_not_asked_for_data_in_pure_noise(prediction: Any) -> None:
    with pytest.raises(ng.NodeError, match="alpha is 0") as caught:
        ng.to_x0(torch.zeros(1), torch.zeros(1), ng.Level(999, 0.0, 1.0), prediction)
    assert "v or x0" in caught.value.hint


def test_velocity_and_flow_say_what_the_data_is_in_pure_noise() -> None:
    x, level = torch.tensor([0.5]), ng.Level(999, 0.0, 1.0)
    assert ng.to_x0(torch.tensor([-0.25]), x, level, "v").item() == 0.25
    assert ng.to_x0(torch.tensor([0.25]), x, level, "flow").item() == 0.25


def test_a_network_is_asked_at_its_own_level_of_the_same_signal_to_noise_ratio() -> None:
    """A network of a discrete process on EDM's levels: the state is scaled, and the index is told."""
    asked: list[Any] = []

    class Module(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(1))

        def forward(self, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
            asked.append((x, t))
            return torch.zeros_like(x)

    class Resident(ng.Weights):
        def module(self) -> torch.nn.Module:
            return Module()

    process = ng.DiscreteVP()
    own = process.level(300)
    network = ng.Network(Resident("", "", Module), process, "eps")
    x0 = network.predict(torch.ones(2, 3), ng.EDM().level(own.ratio), {}).x0
    (x, t) = asked[0]
    assert t.tolist() == pytest.approx([300, 300], abs=1e-3)
    assert x.unique().item() == pytest.approx(own.alpha)
    assert x0.unique().item() == pytest.approx(1.0)
    assert math.isclose(own.ratio, ng.EDM().level(own.ratio).ratio)
