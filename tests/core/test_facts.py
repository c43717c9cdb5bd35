"""What is known of values before they are made refuses what does not fit, and says how much memory a run will want."""

from __future__ import annotations

import json
from typing import Any

import noisegraph as ng
import pytest
from noisegraph.check import check
from noisegraph.facts import memory
from noisegraph.graph import parse
from noisegraph.plan import plan
from noisegraph.registry import Local, Registry

from .conftest import CPU


def _model(inputs: ng.Facts) -> ng.Facts:
    return {"family": inputs["family"], "sizes": (4, 64, 64), "weights": 1000}


def _picture(inputs: ng.Facts) -> ng.Facts:
    return {"sizes": (3, inputs["height"], inputs["width"]), "batch": 2}


def _encoded(inputs: ng.Facts) -> ng.Facts:
    _, height, width = inputs["image"]["sizes"]
    if height % 8 or width % 8:
        raise ng.NodeError(f"a picture of {width} x {height}, but sides must be multiples of 8", "crop or pad it")
    return {**inputs["image"], "family": inputs["model"]["family"], "sizes": (4, height // 8, width // 8)}


def _decoded(inputs: ng.Facts) -> ng.Facts:
    ng.agree("family", model=inputs["model"], latent=inputs["latent"])
    return {}


@ng.node(facts=_model)
def model(*, family: str = "sd1") -> ng.Network:
    """A model."""
    raise AssertionError("no weight is loaded to check a graph")


@ng.node(facts=_picture)
def picture(*, width: int = 64, height: int = 64) -> ng.Image:
    """A picture."""
    raise AssertionError("nothing is made to check a graph")


@ng.node(facts=_encoded)
def encode(model: ng.Network, image: ng.Image) -> ng.Latent:
    """A latent."""
    raise AssertionError("nothing is made to check a graph")


@ng.node(facts=_decoded)
def decode(model: ng.Network, latent: ng.Latent) -> ng.Image:
    """A picture."""
    raise AssertionError("nothing is made to check a graph")


def _check(decoder: str = "sd1", **size: int) -> Any:
    graph = {
        "nodes": {
            "m": {"use": "f.model", "family": "sd1"},
            "other": {"use": "f.model", "family": decoder},
            "p": {"use": "f.picture", **size},
            "l": {"use": "f.encode", "model": "$m", "image": "$p"},
            "d": {"use": "f.decode", "model": "$other", "latent": "$l"},
        },
        "outputs": {"d": "$d"},
    }
    return check(parse(json.dumps(graph)), Registry([Local("f", [model, picture, encode, decode])]))


def test_what_fits_has_no_problem() -> None:
    assert _check().problems == ()


def test_a_latent_of_another_family_is_refused_before_any_weight_is_loaded() -> None:
    (problem,) = _check(decoder="sdxl").problems
    assert "family must be the same: 'model' has sdxl, 'latent' has sd1" in str(problem)
    assert "nodes.d" in str(problem)


def test_a_picture_of_the_wrong_size_is_refused() -> None:
    (problem,) = _check(width=130).problems
    assert "130 x 64, but sides must be multiples of 8; crop or pad it" in str(problem)


def test_a_plan_says_how_much_memory_it_will_want() -> None:
    planned = plan(_check(), CPU)
    found = memory(planned.facts(range(len(planned.tasks))))
    assert found.weights == 1000
    assert found.largest == 2 * 3 * 64 * 64 * 4


@pytest.mark.parametrize(
    ("sizes", "told"), [([4, 8, 8], "4 x 8 x 8 is no picture"), ([1, 9, 9], "sizes must be the same")]
)
def test_the_built_in_nodes_tell_what_does_not_fit(sizes: list[int], told: str) -> None:
    graph = {
        "nodes": {
            "model": {"use": "model.digit"},
            "any": {"use": "label.encode", "classes": "$model.classes"},
            "toward": {"use": "unet.denoiser", "unet": "$model.unet", "condition": "$any"},
            "shape": {"use": "latent.shape", "sizes": sizes},
            "noise": {"use": "latent.noise", "like": "$shape"},
            "levels": {"use": "levels.uniform", "process": "$model.process", "steps": 10},
            "solver": {"use": "sampler.ddim"},
            "x": {"use": "sampler.sample", "sampler": "$solver", "denoiser": "$toward", "noise": "$noise",
                  "levels": "$levels"},
            "image": {"use": "image.decode", "latent": "$x" if sizes[0] == 1 else "$noise"},
        },
        "outputs": {"image": "$image"},
    }  # fmt: skip
    problems = [str(problem) for problem in check(parse(json.dumps(graph)), Registry.installed()).problems]
    assert any(told in problem for problem in problems)


@pytest.mark.parametrize("image", [{}, {"image": "$nobody"}])
def test_a_wire_that_is_missing_or_broken_is_told_once_not_again_as_a_fact(image: dict[str, str]) -> None:
    graph = {
        "nodes": {"m": {"use": "f.model", "family": "sd1"}, "l": {"use": "f.encode", "model": "$m", **image}},
        "outputs": {"l": "$l"},
    }
    (problem,) = check(parse(json.dumps(graph)), Registry([Local("f", [model, encode])])).problems
    assert "f.encode needs 'image'" in str(problem) or "$nobody refers to nothing" in str(problem)


def test_a_network_or_a_latent_is_no_denoiser() -> None:
    graph = {
        "nodes": {
            "model": {"use": "model.digit"},
            "noise": {"use": "latent.noise", "like": "$model.latent"},
            "guided": {"use": "guide.cfg", "positive": "$model.unet", "negative": "$noise"},
            "solver": {"use": "sampler.ddim"},
        },
        "outputs": {"solver": "$solver"},
    }
    told = "\n".join(str(problem) for problem in check(parse(json.dumps(graph)), Registry.installed()).problems)
    assert "'positive' of guided (guide.cfg) wants Denoiser, but model.unet (model.digit) gives Network" in told
    assert "'negative' of guided (guide.cfg) wants Denoiser, but noise (latent.noise) gives Latent" in told
