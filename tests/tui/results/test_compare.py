"""How results differ, which are meant by a filter, and what of them is gone back to."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from noisegraph.tui.results.compare import differences, first_differing, words
from noisegraph.tui.results.filter import filtered
from noisegraph.tui.results.recall import Value, What, recalled
from noisegraph.tui.results.result import Result

from .made import GRAPH, result


def changed(**nodes: dict[str, Any] | None) -> Result:
    graph = deepcopy(GRAPH)
    for name, ports in nodes.items():
        if ports is None:
            del graph["nodes"][name]  # type: ignore[attr-defined]
        else:
            graph["nodes"][name] = {**graph["nodes"].get(name, {}), **ports}  # type: ignore[attr-defined,index]
    return result(2, graph)


@pytest.mark.parametrize(
    ("other", "told", "first"),
    [
        (result(2), [], ""),
        (result(2, seed=3), ["seed 1 → 3"], "noise"),
        (result(2, prompt="a lighthouse at dusk"), ["prompt: a lighthouse at [dawn→dusk]"], "text"),
        (result(2, width=8, seed=2), ["seed 1 → 2", "width 64 → 8"], "noise"),
        (changed(drawn={"steps": 30}), ["drawn.steps 20 → 30"], "drawn"),
        (changed(drawn={"noise": "$text"}), ["drawn.noise $noise → $text"], "drawn"),
        (changed(noise=None), ["noise latent.noise → none"], "noise"),
        (changed(more={"use": "image.more"}), ["more none → image.more"], "more"),
        (changed(noise={"seed": 4}), ["noise.seed $seed → 4"], "noise"),
    ],
)
def test_differences_are_told_and_the_first_node_that_they_reach(other: Result, told: list[str], first: str) -> None:
    assert [str(one) for one in differences(result(1), other)] == told
    assert first_differing(result(1), other) == first


def test_texts_are_compared_word_by_word() -> None:
    assert words("a b c d", "a x c") == "a [b→x] c[ d→]"


FOUND = [
    result(1, seed=1),
    result(2, status="failed", seed=12),
    result(3, prompt="a Castle", seed=123),
]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("", [1, 2, 3]), ("castle", [3]), ("!castle", [1, 2]), ("seed:12", [2]), ("seed:12*", [2, 3]),
        ("!seed:12*", [1]), ("status:fail", [2]), ("drawn:sampler.dpm", [1, 2, 3]), ("drawn:*dpm* !castle", [1, 2]),
        ("drawn.steps:20 castle", [3]), ("-f actl", [3]), ("steps:20", [1, 2, 3]), ("steps:2", []),
        ('"a cas', [3]), ("★", []), ("is:star", []), ("/castle", [3]), ("#2", [2]), (":", []), ("nothing:at:all", []),
    ],
)  # fmt: skip
def test_filters(text: str, numbers: list[int]) -> None:
    assert [one.number for one in filtered(FOUND, text)] == numbers


def test_a_star_is_a_filter() -> None:
    starred = Result(**{**FOUND[0].told(), "starred": True})
    assert filtered([starred, FOUND[1]], "* seed:1") == [starred]


@pytest.mark.parametrize(
    ("what", "values"),
    [
        ("seed", [("", "seed", 7)]),
        ("prompt", [("", "prompt", "rain")]),
        ("size", [("", "width", 8)]),
        ("remix", [("", "prompt", "rain"), ("", "width", 8), ("drawn", "steps", 99)]),
        ("all", [("", "prompt", "rain"), ("", "seed", 7), ("", "width", 8), ("drawn", "steps", 99)]),
    ],
)
def test_what_is_gone_back_to(what: What, values: list[tuple[str, str, Any]]) -> None:
    graph = deepcopy(GRAPH)
    graph["nodes"]["drawn"]["steps"] = 99  # type: ignore[index]
    graph["nodes"]["gone"] = {"use": "x.y", "seed": 3}  # type: ignore[index]
    past = result(1, graph, seed=7, prompt="rain", width=8)
    assert recalled(past, what, result(2).drawn) == [Value(*value) for value in values]
    assert recalled(past, what, past.drawn) == []
