"""The graphs of graphs/theory show what they say they show, at a reduced size, and every sampler is among them."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.graph import library
from noisegraph.nodes import mixture as nodes
from noisegraph.nodes.plots.curve import Curve
from noisegraph.registry import Registry
from noisegraph.testing.mixture import three_clusters
from noisegraph.writing.picture import text_of

from . import computed
from .source_tree import ROOT

GRAPHS = {name.partition("/")[2]: path for name, path in library().items() if name.startswith("theory/")}
REGISTRY = Registry.installed()


def value(graph: str, node: str, **given: Any) -> Any:
    """What a node of a theory graph gives."""
    return computed.value(f"theory/{graph}", node, **given)


def slopes(curves: Sequence[Curve]) -> list[float]:
    """The order that the last two values of each curve tell."""
    return [math.log(y[-2] / y[-1]) / math.log(x[-1] / x[-2]) for x, y, *_ in curves]


def test_every_registered_sampler_is_at_work_in_a_theory_graph() -> None:
    used = {node["use"] for path in GRAPHS.values() for node in json.loads(path.read_text("utf-8"))["nodes"].values()}
    samplers = {
        spec.full_name
        for plugin in REGISTRY.plugins()
        if plugin.distribution == "noisegraph"
        for spec in plugin.nodes.values()
        if spec.output is ng.Sampler and not spec.required
    }
    assert samplers - used == {"sampler.named"}  # which is one of the others, by its name


def test_errors_fall_as_the_orders_of_the_methods_say() -> None:
    found = slopes(value("order", "errors", steps=320))
    assert found == pytest.approx([1, 2, 2, 3, 3, 4, 4], abs=0.2)


@pytest.mark.slow
def test_the_plain_names_are_of_third_order_and_the_published_methods_are_not() -> None:
    found = slopes(value("third-order", "errors", steps=320))
    assert found[::2] == pytest.approx([3, 3, 3], abs=0.2)
    assert found[1::2] == pytest.approx([2, 2, 1], abs=0.2)


@pytest.mark.slow
def test_a_last_step_to_clean_data_has_a_floor() -> None:
    falling, floored = (value("last-step", node, steps=80, steps_to_data=161) for node in ("errors", "floored"))
    assert slopes(falling)[1] == pytest.approx(3, abs=0.3)
    assert slopes(floored)[1] == pytest.approx(0, abs=0.1)
    assert floored[1].y[-1] > 3 * falling[1].y[-1]


def test_more_guidance_pushes_further_and_an_exact_classifier_gives_the_condition() -> None:
    walks = [value("guidance", f"walk_{number}", steps=20, count=100) for number in range(1, 7)]
    means = [float(walk[:, 0].mean()) for walk in walks]
    assert means[0] == pytest.approx(-0.5, abs=0.15)
    assert means[0] > means[1] > means[2] > means[3]
    assert means[0] > means[4] > means[2]
    torch.testing.assert_close(walks[5], walks[0], rtol=0, atol=1e-3)


def test_annealed_langevin_finds_the_weights_and_plain_langevin_does_not() -> None:
    plain, annealed = (float(value("langevin", node, count=150)[0]) for node in ("of_plain", "of_annealed"))
    assert annealed == pytest.approx(0.8, abs=0.08)
    assert plain < 0.65


def test_the_flows_likelihood_is_the_true_density() -> None:
    assert float(value("likelihood", "error", count=30).abs().max()) < 1e-3


def test_with_few_steps_less_noise_is_better_and_second_order_better_still() -> None:
    noisy, _, noiseless, second = value("few-steps", "distances", steps=20, count=500)
    assert noisy.x == (5.0, 10.0, 20.0)
    assert all(calm < wild for calm, wild in zip(noiseless.y, noisy.y, strict=True))
    assert second.y[1] < noiseless.y[1]


def test_grids_differ_in_what_they_make_of_a_method() -> None:
    uniform, _, log_snr, _ = value("levels", "four", finest=40)
    assert log_snr.y[-1] < uniform.y[-1] / 4


def test_the_swiss_roll_is_drawn() -> None:
    walk, roll = value("swiss-roll", "walk", count=200), nodes.swiss_roll()
    found, exact = (float(roll.log_density(points).mean()) for points in (walk.states[-1].double(), roll.sample(200)))
    assert found == pytest.approx(exact, abs=0.3)
    assert float(roll.log_density(walk.states[0].double()).mean()) < exact - 10


def test_inversion_and_ddim_lead_back_to_where_the_data_were() -> None:
    back, data = (value("inversion", node, count=50) for node in ("back", "data"))
    assert float((back.states[-1] - data).norm(dim=1).mean()) < 0.1


@pytest.mark.parametrize(
    ("graph", "better"), [("one-step", "heun_in_time"), ("one-step", "deis_rk"), ("multistep", "deis")]
)
def test_in_the_galleries_better_methods_end_nearer_to_the_crosses(graph: str, better: str) -> None:
    exact = value(graph, "see_euler/exact")
    far, near = (
        float((value(graph, f"see_{name}/one/walk").states[-1] - exact).norm(dim=1).mean())
        for name in ("euler", better)
    )
    assert near < far / 3


@pytest.mark.parametrize(
    ("sampler", "least", "most"), [("ddpm", -0.01, 0.03), ("dpmpp_2m_sde", -0.01, 0.03), ("lcm", 0.1, 9)]
)
def test_samplers_with_noise_end_as_the_data_lie_except_lcm(sampler: str, least: float, most: float) -> None:
    ends = value("stochastic", f"see_{sampler}/one/walk", steps=20).states[-1].double()
    assert least < ng.energy_distance(ends, three_clusters().sample(300, seed=9)) < most


@pytest.mark.parametrize("name", ["order", "third-order", "last-step"])
def test_the_documents_figure_was_made_by_the_graph_as_it_is(name: str) -> None:
    made = json.loads(text_of(ROOT / "docs" / f"{name}.png"))
    assert made["graphs"][made["graph"]]["text"] == GRAPHS[name].read_text("utf-8")
