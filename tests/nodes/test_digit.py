"""The digit model: it draws what was asked for, copies nothing, and is loaded late."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import noisegraph as ng
import numpy
import pytest
import torch
from noisegraph.check import check
from noisegraph.graph import find
from noisegraph.nodes import label, model, unet
from noisegraph.nodes.models import shipped
from noisegraph.nodes.networks.unet import unet as build
from noisegraph.nodes.networks.unet_config import UNetConfig, tupled
from noisegraph.registry import Registry
from numpy.typing import NDArray
from safetensors.torch import load_file
from sklearn.datasets import load_digits
from sklearn.svm import SVC

from ..computed import value
from .drawing import node, walked

EVERY = 6
"""One real digit in so many was held out of the training (`data.digits`)."""


def draw(each: int, scale: float, steps: int = 50) -> tuple[NDArray[numpy.float64], NDArray[numpy.int64]]:
    """`each` drawings of every digit by DDIM, as [10 x each, 64] in 0 ... 16, and the digits that were asked for."""
    asked = [digit for digit in range(10) for _ in range(each)]
    made = model.digit()
    toward = unet.denoiser(made.unet, label.encode(label=asked, classes=made.classes))
    away = unet.denoiser(made.unet, label.encode(classes=made.classes))
    guided = node("guide.cfg")(toward, away, scale=scale)
    drawn = walked(made, node("sampler.ddim")(), guided, steps=steps, batch=len(asked), seed=1000)
    return (drawn.clamp(-1, 1) * 8 + 8).flatten(1).double().numpy(), numpy.array(asked)


def real_digits() -> tuple[NDArray[numpy.float64], NDArray[numpy.int64], NDArray[numpy.bool_]]:
    """All real digits, what they are, and which were held out."""
    pixels, labels = load_digits(return_X_y=True)
    return pixels, labels, numpy.arange(len(pixels)) % EVERY == EVERY - 1


def classifier() -> SVC:
    """A classifier of digits that saw the real training digits alone."""
    pixels, labels, held_out = real_digits()
    return SVC(gamma=0.001, C=10).fit(pixels[~held_out], labels[~held_out])


def nearest(drawn: NDArray[numpy.float64], known: NDArray[numpy.float64]) -> NDArray[numpy.float64]:
    """Distance of each drawing to the nearest known digit."""
    return torch.cdist(torch.from_numpy(drawn), torch.from_numpy(known)).min(dim=1).values.numpy()


def test_the_classifier_recognises_real_digits_that_it_has_not_seen() -> None:
    pixels, labels, held_out = real_digits()
    assert classifier().score(pixels[held_out], labels[held_out]) > 0.97


def test_a_few_steps_already_draw_the_digits_that_are_asked_for() -> None:
    drawn, asked = draw(each=8, scale=1.5, steps=10)
    assert (classifier().predict(drawn) == asked).mean() >= 0.9


@pytest.mark.slow
@pytest.mark.parametrize("scale", [1.0, 1.5])
def test_of_600_drawings_95_in_100_are_recognised_and_none_is_a_copy(scale: float) -> None:
    pixels, _, held_out = real_digits()
    drawn, asked = draw(each=60, scale=scale)
    assert (classifier().predict(drawn) == asked).mean() >= 0.95
    new, old = nearest(drawn, pixels[~held_out]), nearest(pixels[held_out], pixels[~held_out])
    assert new.min() > 0.5 * old.min()
    assert numpy.quantile(new, 0.1) > 0.8 * numpy.quantile(old, 0.1)
    assert numpy.median(new) > 0.8 * numpy.median(old)


def test_the_card_tells_data_licence_steps_loss_seed_and_the_graph_that_made_it() -> None:
    card = shipped.read_card("digit")
    assert {"data", "data_licence", "licence", "loss", "graph", "training", "network", "process"} <= set(card)
    graph = json.loads((shipped.WEIGHTS.parents[1] / card["graph"]).read_text(encoding="utf-8"))
    assert graph["inputs"] == {name: card["training"][name] for name in ("iterations", "seed")}
    written = UNetConfig(**tupled(graph["nodes"]["network"]["config"]))
    assert written == UNetConfig(**tupled(card["network"]))


def test_the_weights_fit_the_network_of_the_card_and_are_small() -> None:
    file = shipped.WEIGHTS / "digit.safetensors"
    network = build(**shipped.read_card("digit")["network"])
    network.load_state_dict(load_file(file))
    assert file.stat().st_size <= 4_000_000
    assert sum(parameter.numel() for parameter in network.parameters()) == shipped.read_card("digit")["parameters"]


def test_to_know_the_model_imports_no_torch() -> None:
    code = "import sys; from noisegraph.nodes import model; model.digit(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_other_weights_are_another_version_and_another_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, network = model.digit_version(), model.digit().unet
    for suffix in ("safetensors", "json"):
        data = (shipped.WEIGHTS / f"digit.{suffix}").read_bytes()
        (tmp_path / f"digit.{suffix}").write_bytes(data[:-1] + b"\n" if suffix == "safetensors" else data)
    monkeypatch.setattr(shipped, "WEIGHTS", tmp_path)
    assert model.digit_version() != before
    assert model.digit().unet != network


def test_the_architecture_node_gives_the_network_of_its_configuration() -> None:
    config = UNetConfig(model_channels=32, channel_mult=(1, 2), num_res_blocks=1)
    made = unet.architecture(config=config).module()
    assert {name: p.shape for name, p in made.named_parameters()} == {
        name: p.shape for name, p in build(model_channels=32, channel_mult=(1, 2), num_res_blocks=1).named_parameters()
    }


def test_a_denoiser_without_a_condition_asks_the_network_with_none() -> None:
    given = ng.Condition({"y": torch.tensor([3])})
    plain, told = unet.denoiser(model.digit().unet), unet.denoiser(model.digit().unet, given)
    assert isinstance(plain, ng.Conditioned)
    assert isinstance(told, ng.Conditioned)
    assert plain.condition == {}
    assert told.condition is given


def test_the_graph_draws_the_digit_large_enough_to_look_at() -> None:
    picture = value("digit", digit=7, count=8, steps=10)
    assert picture.shape == (8, 1, 192, 192)
    shrunk = picture[:, :, 12::24, 12::24].flatten(1) * 16
    assert (classifier().predict(shrunk.numpy()) == 7).mean() >= 0.85


def test_a_seed_draws_the_same_digit_alone_and_in_a_batch() -> None:
    alone, batch = value("digit", seed=5, steps=5), value("digit", seed=4, count=3, steps=5)
    torch.testing.assert_close(alone[0], batch[1], rtol=0, atol=1e-5)


def test_a_sheet_of_digits_holds_them_side_by_side() -> None:
    sheet = value("digits", digits=[3, 4], count=2, columns=2, steps=5)
    assert sheet.shape == (1, 1, 16 * 10, 16 * 19)


def test_a_label_that_no_digit_has_is_found_while_checking() -> None:
    (problem,) = check(find("digit"), Registry.installed(), {"digit": 12}).problems
    assert "label 12" in problem.what
    assert "0 to 9" in problem.hint


def test_conditions_for_another_number_of_pictures_are_refused_in_plain_words() -> None:
    network = model.digit().unet
    two = ng.Conditioned(network, {"y": torch.tensor([1, 2])})
    one = ng.Conditioned(network, {"y": torch.tensor([10])})
    x, level = torch.zeros(3, 1, 8, 8), network.process.level(500.0)
    for denoisers in ([two], [two, one]):
        with pytest.raises(ng.NodeError, match="the condition 'y' is of 2 items, the state of 3"):
            ng.together(denoisers, x, level)
