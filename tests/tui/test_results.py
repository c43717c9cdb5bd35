"""Results in the whole interface: kept when runs end, shown, gone back to."""

from __future__ import annotations

from pathlib import Path

from noisegraph.tui.results.pane import ResultsPane
from textual.pilot import Pilot

from .probe import app_on, drive, until


def test_what_a_run_made_is_kept_and_its_values_come_back_as_an_edit(tmp_path: Path) -> None:
    app = app_on(tmp_path)

    async def play(pilot: Pilot[int]) -> None:
        await pilot.press("r")
        await until(pilot, lambda: app.results.all)
        (first,) = app.results.all
        assert first.picture is not None
        assert Path(first.file).name == "lamp-0001.png"
        changed = app.store.document.text.replace("dusk", "dawn").replace('"seed": 1', '"seed": 77')
        app.edit(app.store.document.changed(changed, "change"), "change")
        await pilot.press("4")
        await until(pilot, lambda: isinstance(app.focused, ResultsPane))
        await pilot.press("s")
        await pilot.pause()
        assert app.store.document.outline.inputs == {"seed": 1}
        assert app.store.document.label == "take seed of #1"
        await pilot.press("p")
        await pilot.pause()
        assert app.store.document.outline.items["drawn"].values["prompt"] == "a lighthouse at dusk"
        app.undo()
        app.undo()
        assert app.store.document.text == changed
        await pilot.press("w")
        await pilot.pause()
        assert app.store.document.text == first.graph

    drive(app, play)
    again = app_on(tmp_path)
    assert [one.number for one in again.results.all] == [1]


def test_a_run_that_failed_is_among_the_results_with_its_message(tmp_path: Path) -> None:
    app = app_on(tmp_path, "--fail", "drawn")

    async def play(pilot: Pilot[int]) -> None:
        await pilot.press("r")
        await until(pilot, lambda: app.results.all)
        assert app.results.all[0].status == "failed"
        assert app.results.all[0].message
        assert "[4] Results 1" in str(app.main.bottom.tabs.render())

    drive(app, play)


def test_a_worker_that_dies_leaves_a_result_that_says_so(tmp_path: Path) -> None:
    app = app_on(tmp_path, "--crash", "drawn")

    async def play(pilot: Pilot[int]) -> None:
        await pilot.press("r")
        await until(pilot, lambda: app.results.all)
        assert app.results.all[0].status == "lost"

    drive(app, play)


def test_results_that_cannot_be_written_are_told_and_the_interface_lives(tmp_path: Path) -> None:
    app = app_on(tmp_path)
    app.results.path = tmp_path / "lamp.json" / "results.jsonl"

    async def play(pilot: Pilot[int]) -> None:
        await pilot.press("r")
        await until(pilot, lambda: any("not among the results" in line.text for line in app.main.bottom.ring.lines))
        assert app.results.all == ()

    drive(app, play)
