"""Values to files: pixels, sheets, names."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import noisegraph as ng
import numpy
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from noisegraph.cli.arguments import split
from noisegraph.events import NodeStepped
from noisegraph.graph import parse
from noisegraph.registry import Local, Registry
from noisegraph.request import Request, checked, planned
from noisegraph.serving.protocol import Rate
from noisegraph.writing.naming import stem
from noisegraph.writing.picture import pixels, png, sheet, text_of, thumbnail
from noisegraph.writing.sheets import arranged, row_length
from PIL import Image


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16, torch.float64])
def test_pixels_are_rounded_to_the_nearest_level_and_cut_off(dtype: torch.dtype) -> None:
    value = torch.tensor([0.0, 1.0, -0.5, 1.5, 0.5, 2 / 255]).to(dtype).reshape(1, 1, 2, 3)
    (picture,) = pixels(value)
    assert picture.tolist() == [[0, 255, 0], [255, 128, 2]]
    assert (picture == pixels(value.float().numpy())[0]).all()


def test_every_level_survives_a_picture() -> None:
    levels = torch.arange(256) / 255
    assert pixels(levels.reshape(1, 1, 16, 16))[0].reshape(-1).tolist() == list(range(256))


def test_colour_pictures_have_their_channels_last() -> None:
    value = torch.zeros(2, 3, 4, 5)
    value[:, 2] = 1
    first, second = pixels(value)
    assert first.shape == second.shape == (4, 5, 3)
    assert first[0, 0].tolist() == [0, 0, 255]


@pytest.mark.parametrize("shape", [(1, 2, 4, 4), (1, 4, 4), (1, 1, 0, 4), (1, 4, 8, 8)])
def test_what_is_no_batch_of_pictures_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="no batch of pictures"):
        pixels(torch.zeros(shape))


def test_the_text_comes_back_from_the_file(tmp_path: Path) -> None:
    text = '{"prompt": "ein großes Herz 雪 \\u0000"}' * 1000
    file = tmp_path / "x.png"
    file.write_bytes(png(numpy.zeros((2, 3), numpy.uint8), text))
    assert text_of(file) == text
    assert file.read_bytes() == png(numpy.zeros((2, 3), numpy.uint8), text)


def test_a_sheet_holds_every_picture_where_it_belongs() -> None:
    pictures = [numpy.full((6, 4), 40 * index, numpy.uint8) for index in range(5)]
    paper = Image.open(io.BytesIO(sheet(pictures, [""] * 5, "")))
    assert paper.size == (3 * 8 + 4, 2 * 10 + 4)
    assert [paper.getpixel((5 + index % 3 * 8, 5 + index // 3 * 10)) for index in range(5)] == [0, 40, 80, 120, 160]


def table(batches: list[int], *, first: bool) -> tuple[str, int | None]:
    """The sheet of a sweep of seeds and batch sizes, the one or the other `first`: a letter a seed, a dot a gap."""
    seeds = {"a": 1, "b": 2}
    pairs = [(s, b) for b in batches for s in seeds] if first else [(s, b) for s in seeds for b in batches]
    points = [{"batch": b, "seed": seeds[s]} if first else {"seed": seeds[s], "batch": b} for s, b in pairs]
    places, columns = arranged(points, {number: s * b for number, (s, b) in enumerate(pairs)})
    return "".join(place or "." for place in places), columns


def test_batches_of_several_sizes_stand_in_the_rows_and_columns_of_their_table() -> None:
    assert table([2], first=True) == ("aabb", None)
    assert table([1, 3], first=False) == ("aaaabbbb", 4)
    assert table([1, 3], first=True) == ("a..b..aaabbb", 6)


def test_a_sweep_of_batch_sizes_has_a_row_for_each() -> None:
    points = [{"batch": batch} for batch in (1, 3, 2)]
    assert arranged(points, {0: "a", 1: "bbb", 2: "cc"}) == ([*"a", None, None, *"bbbcc", None], 3)
    assert arranged(points, {0: "aa", 2: "bb"}) == ([*"aabb"], None)
    assert arranged(points, {0: "a", 2: "c"}) == ([*"ac"], None)


def test_a_point_of_a_table_that_failed_leaves_a_gap() -> None:
    points = [{"a": a, "b": b} for a in "xy" for b in (1, 2)]
    assert arranged(points, {0: "a", 1: "b", 3: "d"}) == (["a", "b", None, "d"], 2)
    picture = numpy.full((4, 4), 200, numpy.uint8)
    paper = Image.open(io.BytesIO(sheet([picture, picture, None, picture], [""] * 4, "", 2)))
    assert [paper.getpixel((6 + column * 8, 6 + row * 8)) for row in (0, 1) for column in (0, 1)] == [200, 200, 96, 200]


def test_a_sweep_of_two_inputs_has_a_row_for_each_value_of_the_first() -> None:
    table = [{"a": a, "b": b} for a in "xyz" for b in (1, 2)]
    assert row_length(table) == 2
    assert row_length([{"a": a, "b": b, "c": c} for a in (1, 2) for b in (3, 4) for c in (5, 6, 7)]) == 3
    assert row_length(table[:5]) is None
    assert row_length([{"a": a} for a in range(6)]) is None
    assert row_length([*table[:4], {"a": "z", "b": 7}, {"a": "z", "b": 8}]) is None
    assert row_length([{}]) is None
    pictures = [numpy.zeros((4, 4), numpy.uint8)] * 6
    assert Image.open(io.BytesIO(sheet(pictures, [""] * 6, "", 2))).size == (2 * 8 + 4, 3 * 8 + 4)


def test_a_sheet_of_many_large_pictures_stays_small() -> None:
    paper = Image.open(io.BytesIO(sheet([numpy.zeros((1024, 1024), numpy.uint8)] * 50, ["seed=1"] * 50, "")))
    assert max(paper.size) <= 4200


def test_labels_are_written_and_cut_where_they_are_too_long() -> None:
    pictures = [numpy.zeros((8, 8), numpy.uint8)] * 2
    bare, plain, long = (
        Image.open(io.BytesIO(sheet(pictures, labels, "")))
        for labels in (["", ""], ["a=1", "a=2"], ["a=" + "x" * 1000, "a=2"])
    )
    assert plain.size == long.size
    assert (max(bare.tobytes()), max(plain.tobytes()) > 200) == (96, True)


def test_a_mixed_sheet_is_in_colour() -> None:
    paper = Image.open(
        io.BytesIO(sheet([numpy.zeros((4, 4), numpy.uint8), numpy.zeros((4, 4, 3), numpy.uint8)], ["", ""], ""))
    )
    assert paper.mode == "RGB"


@pytest.mark.parametrize(("height", "width", "size"), [(8, 8, 64), (100, 50, 20), (1, 1000, 10)])
def test_a_thumbnail_has_the_size_that_is_asked_for_on_its_longer_side(height: int, width: int, size: int) -> None:
    across, down, data = thumbnail(numpy.zeros((height, width), numpy.uint8), size)
    assert max(across, down) == size
    assert len(data) == across * down * 3


@pytest.mark.parametrize(
    ("graph", "name"),
    [("a/b/digit.json", "digit"), ("stdin", "stdin"), ("../..", "graph"), ("my graph (2).json", "my-graph-2"),
     ("雪.json", "雪"), ("-rf.json", "rf"), ("x" * 300, "x" * 80), ("雪" * 300, "雪" * 26), ("", "graph")],
)  # fmt: skip
def test_files_are_called_like_the_graph_in_harmless_letters(graph: str, name: str) -> None:
    assert stem(graph) == name


@given(
    st.lists(st.one_of(st.integers().map(str), st.sampled_from(["a", "true", '"b, c"', "[1, 2]", '{"x": [1, 2]}', ""])))
)
def test_values_of_a_sweep_are_split_where_they_were_joined(parts: list[str]) -> None:
    assert split(",".join(parts)) == (parts or [""])


def test_the_rate_is_that_of_the_latest_steps_that_were_really_done() -> None:
    now = [0.0]
    rate = Rate(lambda: now[0])
    assert rate.per_second is None

    def step(number: int, cached: bool = False) -> NodeStepped:
        return NodeStepped("n", number, 100, cached, lambda: None)

    rate.add(step(50, cached=True))
    assert rate.per_second is None
    for number in range(51, 81):
        now[0] += 0.5 if number > 60 else 5
        rate.add(step(number))
    assert rate.per_second == pytest.approx(2)
    assert rate.left(step(80)) == pytest.approx(10)


@ng.node
def level(*, shade: float = 0.5) -> float:
    """A number."""
    return shade


def _request(data: str, **more: Any) -> Request:
    return Request(parse(data, "g.json"), **more)


SWEPT = (
    '{"inputs": {"a": 1.0, "b": 1.0}, "outputs": {"x": "$x", "y": "$y"}, "sweep": %s, "nodes": '
    '{"x": {"use": "p.level", "shade": "$a"}, "y": {"use": "p.level", "shade": "$b"}}}'
)


@pytest.mark.parametrize(
    ("own", "asked", "points"),
    [
        ('{"a": [1, 2]}', {}, [{"a": 1}, {"a": 2}]),
        ('{"a": [1, 2]}', {"given": {"a": 5}}, [{}]),
        ('{"a": [1, 2], "b": [3, 4]}', {"given": {"a": 5}}, [{"b": 3}, {"b": 4}]),
        ('{"a": [1, 2]}', {"sweep": {"b": [7, 8]}},
         [{"a": 1, "b": 7}, {"a": 1, "b": 8}, {"a": 2, "b": 7}, {"a": 2, "b": 8}]),
        ('{"a": [1, 2]}', {"sweep": {"a": [7]}}, [{"a": 7}]),
        ('[{"a": 1, "b": 2}, {"a": 3, "b": 2}]', {"given": {"a": 0}}, [{"b": 2}]),
    ],
)  # fmt: skip
def test_what_is_asked_for_takes_the_place_of_the_graphs_own_sweep(
    own: str, asked: dict[str, Any], points: list[dict[str, float]]
) -> None:
    plan = planned(_request(SWEPT % own, **asked), Registry([Local("p", [level])]))
    assert [dict(point.given) for point in plan.points] == points


def test_problems_of_the_request_come_before_those_of_the_graph() -> None:
    found = checked(_request(SWEPT % "null", sweep={"c": [1]}, until="z"), Registry([Local("p", [level])]))
    assert [problem.what for problem in found.problems] == ["no input 'c' to sweep", "no node 'z' to stop at"]
