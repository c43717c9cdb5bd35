"""Graphs that trip other executors, and what is right."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.registry import Local, Registry

from . import nodes
from .conftest import Engine
from .nodes import CALLS, VERSION
from .test_checklist_validation import graph, only

HELD: dict[str, list[int]] = {}


@ng.node
def remembers(*, value: int = 1) -> list[int]:
    """Wrongly keeps the list that it gave, and adds to it."""
    HELD.setdefault("list", []).append(value)
    return HELD["list"]


@pytest.fixture(autouse=True)
def _forget() -> None:
    CALLS.clear()
    HELD.clear()
    VERSION["now"] = 1


ONE = {"use": "t.number", "value": 1}


def test_c48_a_value_that_was_scaled_in_place_is_not_scaled_again(engine: Engine) -> None:
    for by in (2.0, 3.0):
        told = engine.run(graph({"use": "t.tensor", "value": 1.0}, {"use": "t.spoil", "x": "$n0", "by": by}))
        assert told.failed["n1"].kind == "mutated"
        right = engine.run(graph({"use": "t.tensor", "value": 1.0}, {"use": "t.scale", "x": "$n0", "by": by}))
        assert right.outputs["x"].tolist() == [by] * 4


@pytest.mark.parametrize("nan", [math.nan, float("nan")])
def test_c41_a_version_that_is_nan_always_runs_whichever_nan_it_is(engine: Engine, nan: float) -> None:
    VERSION["now"] = nan
    for calls in (1, 2, 3):
        engine.run(graph({"use": "t.watched"}))
        assert CALLS["watched"] == calls


def test_c39_a_wildcard_literal_is_three_values(engine: Engine) -> None:
    shown = [engine.run(graph({"use": "t.anything", "value": value})).outputs["x"] for value in (1, True, 1.0)]
    assert shown == ["1", "True", "1.0"]


def test_c39_zero_and_minus_zero_are_two_values(engine: Engine) -> None:
    first, second = (engine.run(graph({"use": "t.real", "value": value})).outputs["x"] for value in (0.0, -0.0))
    assert (math.copysign(1, first), math.copysign(1, second)) == (1, -1)


@pytest.mark.parametrize("value", ["false", "no", "", 0, 1])
def test_c5_a_text_is_no_truth_value(engine: Engine, value: Any) -> None:
    @ng.node
    def flag(*, on: bool = False) -> str:
        """Whether it is on."""
        return str(on)

    engine.registry = Registry([Local("f", [flag])])
    assert "should be a valid boolean" in only(engine.problems(graph({"use": "f.flag", "on": value})))


@dataclass(frozen=True)
class Shape:
    """What a parameter may be, of several names."""

    __pydantic_config__ = {"extra": "forbid"}
    width: int = 1
    mult: tuple[int, ...] = ()


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        ({"width": "2", "mult": [1]}, 'should be a valid integer (at width), found "2"'),
        ({"mult": [1, "a"]}, 'should be a valid integer (at mult.1), found "a"'),
        ({"depth": 2}, "(at depth), found 2"),
    ],
)
def test_c5_of_a_value_of_several_names_the_one_at_fault_is_told(engine: Engine, shape: Any, told: str) -> None:
    @ng.node
    def shaped(*, shape: Shape = Shape()) -> str:
        """Its width."""
        return str(shape.width)

    engine.registry = Registry([Local("f", [shaped])])
    assert told in only(engine.problems(graph({"use": "f.shaped", "shape": shape})))


def test_c4_a_typo_in_an_optional_parameter_is_an_error(engine: Engine) -> None:
    wrong = graph({"use": "t.tensor"}, {"use": "t.count", "x": "$n0", "stepz": 30})
    assert "did you mean 'steps'?" in only(engine.problems(wrong))


def test_c3_a_parameter_with_a_default_may_be_left_out(engine: Engine) -> None:
    assert engine.run(graph(ONE, {"use": "t.add", "a": "$n0"})).outputs == {"x": 1}


def test_c16_one_wrong_output_of_two_is_never_dropped_in_silence(engine: Engine) -> None:
    told = only(engine.problems(graph(ONE, {"use": "t.add"}, outputs={"a": "$n0", "b": "$n1"})))
    assert "nodes.n1" in told


@pytest.mark.parametrize(
    ("use", "told"),
    [
        ("t.lie", "t.lie promises int and gave 'three'"),
        ("t.lie_pair", "t.lie_pair promises Pair and gave 3"),
        ("t.nothing", "t.nothing promises int and gave None"),
    ],
)
def test_c81_c82_a_value_that_is_not_what_was_promised_is_an_error_at_its_producer(
    engine: Engine, use: str, told: str
) -> None:
    run = engine.run(graph({"use": use}, {"use": "t.add", "a": "$n0.first" if use == "t.lie_pair" else "$n0"}))
    assert {name: one.kind for name, one in run.failed.items()} == {"n0": "type", "n1": "blocked"}
    assert run.failed["n0"].message == told


def test_c82_a_text_in_the_place_of_a_tuple_is_an_error(engine: Engine) -> None:
    @ng.node
    def letters() -> nodes.Pair:
        """Promises a pair and gives a text of two letters."""
        return "ab"  # type: ignore[return-value]

    @ng.node
    def short() -> tuple[int, int]:
        """Promises two numbers and gives one."""
        return (1,)  # type: ignore[return-value]

    engine.registry = Registry([Local("s", [letters, short])])
    assert "promises Pair and gave 'ab'" in engine.run(graph({"use": "s.letters"})).failed["n0"].message
    assert "promises tuple[int, int] and gave" in engine.run(graph({"use": "s.short"})).failed["n0"].message


def test_c81_a_field_of_the_wrong_type_is_an_error_at_its_producer(engine: Engine) -> None:
    @ng.node
    def crooked() -> nodes.Pair:
        """A pair of the wrong things."""
        return nodes.Pair("one", 2)  # type: ignore[arg-type]

    engine.registry = Registry([Local("s", [crooked])])
    assert "promises int as 'first' and gave 'one'" in engine.run(graph({"use": "s.crooked"})).failed["n0"].message


def test_c69_lists_are_never_paired_so_that_none_can_be_too_short(engine: Engine) -> None:
    lists = {"a": {"use": "t.numbers", "upto": 3}, "b": {"use": "t.numbers", "upto": 2}}
    wrong = {"nodes": {**lists, "s": {"use": "t.add", "a": "$a", "b": "$b"}}, "outputs": {"x": "$s"}}
    told = engine.problems(wrong)
    assert len(told) == 2
    assert "'a' of s (t.add) wants int, but a (t.numbers) gives list[int]" in told[0]


def test_c69_an_empty_list_of_wires_is_an_empty_list(engine: Engine) -> None:
    assert engine.run(graph({"use": "t.numbers", "upto": 0}, {"use": "t.total", "items": "$n0"})).outputs == {"x": 0}


def test_c49_what_a_node_keeps_and_changes_later_does_not_reach_what_was_cached(engine: Engine) -> None:
    engine.registry = Registry([Local("r", [remembers])])
    assert engine.run(graph({"use": "r.remembers", "value": 1})).outputs == {"x": [1]}
    assert engine.run(graph({"use": "r.remembers", "value": 2})).outputs == {"x": [1, 2]}
    again = engine.run(graph({"use": "r.remembers", "value": 1}))
    assert (again.outputs, again.cached) == ({"x": [1]}, ["n0"])


def test_c39_the_order_of_keys_in_an_object_reaches_no_node(engine: Engine) -> None:
    one = engine.run(graph({"use": "t.anything", "value": {"a": 1, "b": {"d": 1, "c": 2}}}))
    fresh = Engine().run(graph({"use": "t.anything", "value": {"b": {"c": 2, "d": 1}, "a": 1}}))
    assert one.outputs == fresh.outputs, "the key is the same, so the value must be"


def test_c86_ancestral_noise_of_an_image_is_the_same_in_any_batch() -> None:
    like = torch.empty(3, 1, 4, 4)
    together = ng.normal([5, 6, 7], like, "step", step=3)
    assert torch.equal(together[1], ng.normal([6], like[:1], "step", step=3)[0])
