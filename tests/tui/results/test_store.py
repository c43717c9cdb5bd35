"""Results on disk: they survive restarts, torn lines and other versions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from noisegraph.tui.results.result import results_of
from noisegraph.tui.results.store import Results
from noisegraph.tui.state.run import Run

from .made import GRAPH, picture, pictured, result


def test_results_survive_a_restart_with_their_marks(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "results.jsonl"
    store = Results(path)
    store.append(pictured(3))
    store.star(2)
    store.trash([1, 3])
    store.trash([3], trashed=False)
    again = Results(path)
    assert [one.number for one in again.all] == [2, 3]
    assert [one.starred for one in again.all] == [True, False]
    assert again.all[0].picture == pictured(2)[1].picture
    assert again.known == store.known
    assert again.next_number == 4


def test_a_torn_line_costs_that_line_alone(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    Results(path).append([result(1), result(2)])
    path.write_bytes(path.read_bytes()[:-30])
    store = Results(path)
    assert [one.number for one in store.all] == [1]
    store.append([result(store.next_number)])
    assert [one.number for one in Results(path).all] == [1, 2]


@pytest.mark.parametrize(
    "line",
    ["[]", "7", '{"result": 3}', '{"result": {"number": "x"}}', '{"number": 99, "starred": true}', "\x00\x00", ""],
)
def test_lines_that_make_no_sense_are_passed_over(tmp_path: Path, line: str) -> None:
    path = tmp_path / "results.jsonl"
    Results(path).append([result(1)])
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    store = Results(path)
    store.append([result(2)])
    assert [one.number for one in Results(path).all] == [1, 2]


def test_fields_of_a_newer_version_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    path.write_text(json.dumps({"result": {**result(5).told(), "mood": "good"}}) + "\n", encoding="utf-8")
    assert Results(path).all == (result(5),)


def test_what_cannot_be_written_is_not_known_either(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = Results(tmp_path / "file" / "results.jsonl")
    with pytest.raises(OSError):
        store.append([result(1)])
    assert store.all == ()


def test_each_picture_of_a_run_is_a_result_with_the_inputs_of_its_point() -> None:
    run = Run("0007", status="done", seconds=3.0, points=({"given": {"seed": 5}}, {"given": {"seed": 6}}))
    command = {"graph": json.dumps(GRAPH), "name": "light.json", "folder": "/here", "inputs": {"width": 32}}
    shots = [picture(70, 0, "a.png"), picture(4, 1, "b.png"), {"event": "picture", "rgb": "!"}]
    one, two = results_of(run, command, shots, 41, 9.0)
    assert (one.number, two.number, one.file, two.file) == (41, 42, "a.png", "b.png")
    assert (one.seed, two.seed) == (5, 6)
    assert two.inputs == {"width": 32, "seed": 6}
    assert (one.width, one.height) == (35, 35)
    assert one.picture is not None
    assert set(one.picture.rgb) == {100}


def test_a_run_without_pictures_is_a_result_with_its_error_or_its_file() -> None:
    failed = Run("1", status="failed", errors=({"message": "out of memory\nat 3"},))
    (one,) = results_of(failed, {"graph": GRAPH, "name": "x"}, [], 1, 0.0)
    assert (one.status, one.message, one.picture) == ("failed", "out of memory", None)
    assert list(one.drawn.items) == ["text", "noise", "drawn"]
    data = Run("1", status="done", points=({"files": {"numbers": ["n.json"]}},))
    (two,) = results_of(data, {}, [], 1, 0.0)
    assert (two.output, two.file, two.drawn.items) == ("numbers", "n.json", {})
