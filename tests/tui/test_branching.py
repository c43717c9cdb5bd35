"""A change on the way: the graph switches to a copy of the denoiser from a step on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from noisegraph.check import check
from noisegraph.graph import parse
from noisegraph.registry import Registry
from noisegraph.tui.document.branching import branched
from noisegraph.tui.document.document import Document
from noisegraph.tui.picture.preview import Preview
from textual.pilot import Pilot

from .probe import app_on, drive, until

GRAPHS = Path(__file__).parents[2] / "graphs"


def opened(name: str) -> Document:
    path = GRAPHS / f"{name}.json"
    return Document.like(path.read_text(encoding="utf-8"), path)


def test_a_copy_of_the_denoiser_takes_over_from_the_step_on_and_the_graph_is_sound() -> None:
    before = opened("digits")
    found = branched(before, "drawn", 20, 50)
    nodes = json.loads(found.document.text)["nodes"]
    assert found.changed == "guided_after"
    assert nodes["guided"]["scale"] == "$scale"
    assert nodes["guided_after"] == {**nodes["guided"], "scale": 1.5}  # to change it there changes no step before
    assert nodes["guided_switch"] == {
        "use": "guide.switch", "before": "$guided", "after": "$guided_after", "levels": "$levels", "at": 0.4,
    }  # fmt: skip
    assert nodes["drawn"]["denoiser"] == "$guided_switch"
    checked = check(parse(found.document.text.encode(), "digits", GRAPHS), Registry.installed())
    assert checked.problems == ()
    assert found.document.undo().text == before.text
    again = branched(found.document, "drawn", 10, 50)
    assert json.loads(again.document.text)["nodes"]["guided_switch"]["at"] == 0.2
    assert again.changed == "guided_after"


def test_a_switch_that_reads_an_input_is_moved_there() -> None:
    found = branched(opened("switch"), "drawn", 25, 50)
    assert json.loads(found.document.text)["inputs"]["at"] == 0.5
    assert found.changed == "after"


@pytest.mark.parametrize(("loop", "step"), [("images", 3), ("nobody", 3), ("drawn", 0), ("drawn", 50)])
def test_what_cannot_be_changed_on_the_way_is_told(loop: str, step: int) -> None:
    with pytest.raises(ValueError, match=r"cannot be changed|nothing between"):
        branched(opened("digits"), loop, step, 50)


def test_a_step_of_a_loop_without_a_denoiser_is_told_to_be_no_place_for_a_change(tmp_path: Path) -> None:
    app = app_on(tmp_path)

    async def play(pilot: Pilot[int]) -> None:
        await pilot.press("r")
        await until(pilot, lambda: app.store.runs)
        before = app.store.document
        await pilot.press("2")
        await until(pilot, lambda: isinstance(app.focused, Preview))
        await pilot.press("g", "enter")
        await until(pilot, lambda: any("drawn reads no denoiser" in line.text for line in app.main.bottom.ring.lines))
        assert app.store.document is before

    drive(app, play)
