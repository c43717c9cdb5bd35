"""What a graph executor must refuse before it runs, one test for each line of the list of such behaviours."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import noisegraph as ng
import pytest
from noisegraph.check import check
from noisegraph.errors import GraphError
from noisegraph.graph import parse
from noisegraph.plan import plan
from noisegraph.registry import Local, Registry

from . import nodes
from .conftest import CPU, Engine

SEEN: list[dict[str, Any]] = []


def _low_below_high(low: int, high: int) -> None:
    SEEN.append({"low": low, "high": high})
    if low > high:
        raise ValueError(f"low {low} is above high {high}")


def _never() -> None:
    raise ValueError("not today")


@ng.node(validate=_low_below_high)
def watched_span(a: int = 0, *, low: int = 0, high: int = 10, other: int = 0) -> int:
    """high - low."""
    return high - low


@ng.node(validate=_never)
def refuses() -> int:
    """Never accepts."""
    return 1


def _exits(a: int) -> None:
    raise SystemExit(a)


@ng.node(validate=_exits)
def exits(*, a: int = 4) -> int:
    """Its validator wants to end the process."""
    return a


@pytest.fixture(scope="module")
def engine() -> Engine:
    made = Engine()
    made.registry = Registry([Local("t", nodes.NODES), Local("v", [watched_span, refuses, exits])])
    return made


def graph(*made: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Nodes n0, n1, ...; the last is the output."""
    named = {f"n{index}": node for index, node in enumerate(made)}
    return {"nodes": named, "outputs": {"x": f"$n{len(made) - 1}"}, **more}


def only(told: Sequence[str]) -> str:
    """The one problem that there is."""
    assert len(told) == 1, told
    return told[0]


ONE = {"use": "t.number", "value": 1}


def test_c1_an_unknown_node_is_named_with_the_nearest(engine: Engine) -> None:
    assert "no node 't.numbre'; did you mean 't.number'?" in only(engine.problems(graph({"use": "t.numbre"})))


def test_c2_a_missing_required_input_is_named(engine: Engine) -> None:
    assert "nodes.n0: t.add needs 'a'" in only(engine.problems(graph({"use": "t.add", "more": 2})))


def test_c3_a_declared_default_is_applied(engine: Engine) -> None:
    assert engine.run(graph({"use": "t.span"})).outputs == {"x": 10}


def test_c4_an_unknown_name_on_a_node_is_refused_with_the_nearest(engine: Engine) -> None:
    assert "'hihg'; did you mean 'high'?" in only(engine.problems(graph({"use": "t.span", "hihg": 3})))


@pytest.mark.parametrize(
    ("use", "value"),
    [
        ("t.number", "3"), ("t.number", 3.0), ("t.number", 5.9), ("t.number", True), ("t.number", [3]),
        ("t.number", None), ("t.real", "0.5"), ("t.real", False), ("t.real", {}), ("t.text", 3), ("t.text", True),
        ("t.text", ["a"]), ("t.colour", 0),
    ],
)  # fmt: skip
def test_c5_a_literal_of_the_wrong_type_is_refused_and_never_turned_into_another(
    engine: Engine, use: str, value: Any
) -> None:
    port = "of" if use == "t.colour" else "value"
    assert f"nodes.n0.{port}: '{port}' of {use} " in only(engine.problems(graph({"use": use, port: value})))


@pytest.mark.parametrize(
    ("node", "told"),
    [
        ({"use": "t.real", "value": -1000.5}, "greater than or equal to -1000, found -1000.5"),
        ({"use": "t.real", "value": 1e4}, "less than or equal to 1000, found 10000.0"),
        ({"use": "t.colour", "of": "Red"}, "'red' or 'blue', found \"Red\""),
        ({"use": "t.colour", "shade": ""}, "'dark' or 'light', found \"\""),
    ],
)
def test_c6_ranges_and_choices_hold(engine: Engine, node: dict[str, Any], told: str) -> None:
    assert told in only(engine.problems(graph(node)))


def test_c6_the_ends_of_a_range_belong_to_it(engine: Engine) -> None:
    assert engine.run(graph({"use": "t.real", "value": -1000})).outputs == {"x": -1000}
    assert engine.run(graph({"use": "t.real", "value": 1000.0})).outputs == {"x": 1000.0}


def test_c7_a_wire_of_the_wrong_type_names_both_nodes_both_ports_and_both_types(engine: Engine) -> None:
    told = only(engine.problems(graph({"use": "t.pair"}, {"use": "t.add", "a": "$n0.second"})))
    assert "'a' of n1 (t.add) wants int, but n0.second (t.pair) gives str" in told


@pytest.mark.parametrize(
    ("wire", "told"),
    [
        ("$n9", "$n9 refers to nothing"),
        ("$n0.third", "has no field 'third'"),
        ("$n0.5", "has no field '5'"),
        ("$n0.-1", "has no field '-1'"),
        ("$n0.", "has no field ''"),
        ("$", "$ refers to nothing"),
        ("$n0.first.x", "has no field 'x'"),
        ("$n0._fields", "has no field '_fields'"),
        ("$n0.__class__", "has no field '__class__'"),
    ],
)
def test_c10_a_wire_to_a_node_or_a_field_that_is_not_there_is_named(engine: Engine, wire: str, told: str) -> None:
    assert told in only(engine.problems(graph({"use": "t.pair"}, {"use": "t.add", "a": wire})))


def test_c13_a_validator_sees_only_what_it_names(engine: Engine) -> None:
    SEEN.clear()
    assert engine.problems(graph(ONE, {"use": "v.watched_span", "a": "$n0", "low": 3, "other": 7})) == []
    assert SEEN == [{"low": 3, "high": 10}]
    SEEN.clear()
    assert engine.problems(graph(ONE, {"use": "v.watched_span", "low": "$n0"})) == []
    assert SEEN == [], "a value that comes by wire is not there yet"


def test_c13_a_validator_judges_every_point_of_a_sweep(engine: Engine) -> None:
    swept = graph({"use": "v.watched_span", "low": "$k", "high": 5}, inputs={"k": 0}, sweep={"k": [1, 7, 9, 7]})
    told = engine.problems(swept)
    assert [one.split(": ")[-1] for one in told] == ["low 7 is above high 5", "low 9 is above high 5"]


def test_c14_the_word_of_a_validator_counts_where_there_is_nothing_to_see(engine: Engine) -> None:
    assert "v.refuses: not today" in only(engine.problems(graph({"use": "v.refuses"})))


def test_a_validator_that_ends_the_process_is_a_problem_of_its_node(engine: Engine) -> None:
    assert "nodes.n0: v.exits: 4" in only(engine.problems(graph({"use": "v.exits"})))


def test_c16_a_wrong_output_refuses_the_whole_graph(engine: Engine) -> None:
    wrong = graph(ONE, {"use": "t.add", "a": "$nobody"}, outputs={"good": "$n0", "bad": "$n1"})
    with pytest.raises(GraphError, match=r"\$nobody refers to nothing"):
        engine.run(wrong)


def test_c17_a_graph_without_outputs_is_told(engine: Engine) -> None:
    assert "the graph has no outputs" in only(engine.problems(graph(ONE, outputs={})))
    with pytest.raises(GraphError, match="the graph has no outputs"):
        engine.run({"nodes": {"n": ONE}})


def test_c18_a_name_that_is_used_twice_is_refused() -> None:
    text = '{"nodes": {"a": {"use": "t.number"}, "a": {"use": "t.text"}}, "outputs": {"x": "$a"}}'
    with pytest.raises(GraphError, match='the name "a" is used twice; it stands at 1:12 already'):
        parse(text)


def test_c19_what_was_checked_is_what_is_planned(engine: Engine) -> None:
    parsed = parse(json.dumps(graph(ONE, {"use": "t.add", "a": "$n0", "more": 1})))
    checked = check(parsed, engine.registry)
    before = [task.key for task in plan(checked, CPU).tasks]
    parsed.nodes["n1"]["a"] = "$n1"
    parsed.nodes["n1"]["more"] = 99
    del parsed.nodes["n0"]
    assert [task.key for task in plan(checked, CPU).tasks] == before


@dataclass(frozen=True)
class Walk:
    """A record of what cannot be written down."""

    process: ng.Process


@ng.node
def walks(walk: Walk, *, other: Walk | None = None) -> int:
    """Takes it."""
    return 1


def test_a_value_of_a_type_that_cannot_be_written_down_is_refused_with_what_to_do() -> None:
    engine = Engine()
    engine.registry = Registry([Local("w", [walks])])
    for value in (5, {"process": 1}, [1], "x"):
        wrong = graph({"use": "w.walks", "walk": "$k", "other": value}, inputs={"k": value})
        told = engine.problems(wrong)
        assert len(told) == 2
        assert all('cannot be written down; wire it: "$' in one for one in told)
