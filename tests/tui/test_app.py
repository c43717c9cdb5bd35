"""The interface as a whole, driven by keys on a fake worker."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path

import pytest
from textual.pilot import Pilot

from .cost import no_garbage
from .probe import GRAPH, app_on, at_once, drive, screen_text, until


def test_a_graph_opens_runs_by_one_key_and_its_picture_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # files are told as seen from here
    app = app_on(tmp_path)

    async def play(pilot: Pilot[int]) -> None:
        assert "lamp" in screen_text(app)
        await until(pilot, lambda: app.store.plan.known)
        assert app.store.plan.line == "3 run, 0 cached, ~1.5 s"
        assert "3 run, 0 cached" in screen_text(app)
        await until(pilot, lambda: app.query("#preview"))  # panes are furnished after the first frame
        await pilot.press("r")
        await until(pilot, lambda: app.store.runs)
        await until(pilot, lambda: app.store.plan.cached == 3)
        assert app.store.runs[0].status == "done"
        assert {name: state.kind for name, state in app.store.states().items()} == dict.fromkeys(GRAPH["nodes"], "done")
        assert "0 run, 3 cached" in screen_text(app)
        await until(pilot, lambda: "wrote out/lamp-0001.png" in screen_text(app))

    drive(app, play)


def test_what_waits_is_a_snapshot_and_can_be_moved_and_taken_out(tmp_path: Path) -> None:
    app = app_on(tmp_path, "--seconds", "0.2", "--steps", "50")

    async def play(pilot: Pilot[int]) -> None:
        await pilot.press("r", "r", "r", "R")
        await until(pilot, lambda: app.store.busy)
        assert [entry.id for entry in app.store.queue.entries] == ["0004", "0002", "0003"]
        app.edit(app.store.document.changed(app.store.document.text.replace("dusk", "dawn"), "change the prompt"))
        assert all("dusk" in entry.command["graph"] for entry in app.store.queue.entries)
        await pilot.press("3", "j", "J")
        await pilot.pause()
        assert [entry.id for entry in app.store.queue.entries] == ["0002", "0004", "0003"]
        await pilot.press("D")
        assert [entry.id for entry in app.store.queue.entries] == ["0002", "0003"]
        await pilot.press("ctrl+delete")
        assert app.store.queue.entries == ()
        await pilot.press("x")
        await until(pilot, lambda: app.store.runs)
        assert app.store.runs[-1].status == "cancelled"

    drive(app, play)


def test_a_number_before_a_run_repeats_it(tmp_path: Path) -> None:
    app = app_on(tmp_path, "--seconds", "0.2", "--steps", "50")

    async def play(pilot: Pilot[int]) -> None:
        await at_once(pilot, "5", "r")
        await until(pilot, lambda: app.store.busy)
        assert len(app.store.queue) == 4

    drive(app, play)


def test_a_paused_run_waits_and_goes_on(tmp_path: Path) -> None:
    app = app_on(tmp_path, "--seconds", "0.02", "--steps", "200")

    async def play(pilot: Pilot[int]) -> None:
        await pilot.press("r")
        await until(pilot, lambda: "drawn" in (app.store.run.nodes if app.store.run else {}))
        await pilot.press("P")
        await pilot.pause(0.3)
        step = app.store.states()["drawn"].step
        await pilot.pause(0.3)
        assert app.store.states()["drawn"].step == step < 200
        assert "paused" in screen_text(app)
        await pilot.press("P")
        await until(pilot, lambda: app.store.runs)

    drive(app, play)


def test_a_worker_that_is_killed_is_told_and_its_queue_goes_on_with_another(tmp_path: Path) -> None:
    app = app_on(tmp_path, "--crash", "drawn")

    async def play(pilot: Pilot[int]) -> None:
        await pilot.press("r", "r")
        await until(pilot, lambda: app.store.health == "dead")
        await pilot.pause()
        assert "worker exited (SIGKILL, probably out of memory). F9 restart. Queue kept (1)." in screen_text(app)
        assert [run.status for run in app.store.runs] == ["lost"]
        assert app.store.states()["drawn"].kind in ("stale", "unknown")
        app._command = [one for one in app._command if one not in ("--crash", "drawn")]
        await pilot.press("f9")
        await until(pilot, lambda: len(app.store.runs) == 2)
        assert [run.status for run in app.store.runs] == ["lost", "done"]
        assert "F9 restart" not in screen_text(app)

    drive(app, play)


def test_a_worker_that_listens_to_nothing_does_not_outlive_the_interface(tmp_path: Path) -> None:
    app = app_on(tmp_path)
    app._command = ["sleep", "1000"]
    app._link = app._new_link()

    async def play(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: app._link.alive)
        await pilot.press("ctrl+q")

    drive(app, play)
    worker = app._link._process
    assert worker is not None
    assert worker.wait(10) == -signal.SIGTERM


def test_a_worker_that_does_not_start_is_told(tmp_path: Path) -> None:
    app = app_on(tmp_path)
    app._command = ["/no/such/worker"]
    app._link = app._new_link()

    async def play(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: app.store.health == "dead")
        await pilot.pause()
        assert "worker could not be started" in screen_text(app)

    drive(app, play)


def test_a_failed_node_is_shown_and_what_it_said_is_in_the_log(tmp_path: Path) -> None:
    app = app_on(tmp_path, "--fail", "drawn")

    async def play(pilot: Pilot[int]) -> None:
        await pilot.press("r")
        await until(pilot, lambda: app.store.runs)
        await pilot.pause(0.2)
        assert app.store.states()["drawn"].kind == "failed"
        assert app.store.runs[-1].status == "failed"
        assert "OutOfMemoryError: tried to allocate 3.00 GiB" in screen_text(app)

    drive(app, play)


def test_the_problems_of_a_draft_are_listed_and_enter_goes_to_the_node(tmp_path: Path) -> None:
    wrong = {**GRAPH, "nodes": {**GRAPH["nodes"], "bad": {"use": "probe.wrong"}}}  # type: ignore[dict-item]
    app = app_on(tmp_path, graph=wrong)

    async def play(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: app.store.plan.problems)
        await pilot.press("7")
        await pilot.pause()
        assert "did you mean 'probe.number'?" in screen_text(app)
        await pilot.press("enter")
        await pilot.pause()
        assert app.main.selected == "bad"
        await pilot.press("r")
        assert app.store.run is None

    drive(app, play)


def test_two_thousand_events_a_second_hold_nothing_up(tmp_path: Path) -> None:
    began = time.thread_time()
    app = app_on(tmp_path, "--flood", "6000")

    async def play(pilot: Pilot[int]) -> None:
        start = time.thread_time() - began
        app.act("run.start")
        await until(pilot, lambda: app.store.busy)
        held: list[float] = []
        while not app.store.runs:
            before = time.thread_time()
            await asyncio.sleep(0.001)
            held.append(time.thread_time() - before)
        assert max(held) < max(0.25, 4 * start)
        assert sorted(held)[len(held) // 2] < start / 2
        assert app.store.runs[-1].status == "done"

    with no_garbage():
        drive(app, play)


def test_the_session_comes_back_with_drafts_and_queue_though_nothing_was_closed(tmp_path: Path) -> None:
    app = app_on(tmp_path, "--deaf")

    async def play(pilot: Pilot[int]) -> None:
        await pilot.press("j", "j")
        app.edit(app.store.document.changed(app.store.document.text.replace("dusk", "dawn"), "change the prompt"))
        app.take_theme("noisegraph-light")
        app.main.go_to_node("second")
        await pilot.press("m", "space")
        app.main.go_to_node("drawn")
        await pilot.press("f", "v")
        app.author.turn_seed(("", "seed"))
        await pilot.press("4", "slash", *"dusk", "enter")
        await pilot.press("1", "r", "r")
        await pilot.pause(0.8)

    drive(app, play)
    from noisegraph.tui.app import make_app

    again = make_app(None, app._command, str(tmp_path / "out"))

    async def look(pilot: Pilot[int]) -> None:
        await pilot.pause(0.2)
        assert again.store.document.path == app.store.document.path
        assert "dawn" in again.store.document.text
        assert again.store.document.dirty
        assert again.theme == "noisegraph-light"
        assert again.main.selected == "drawn"
        assert (again.main.graph.way, again.main.graph.folds) == ("boxes", ("drawn",))
        assert again.main.graph.marked == again.store.marks.muted == {"second"}
        assert again.store.policies == {("", "seed"): "increment"}
        await pilot.press("4")
        await until(pilot, lambda: "filter: dusk" in screen_text(again))
        queued = [entry.id for entry in again.store.begun_and_queued()]
        assert queued == ["0001", "0002"]
        assert all("dawn" in entry.command["graph"] for entry in again.store.queue.entries)

    drive(again, look)


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 20), (40, 12)])
def test_the_graph_is_seen_at_every_size(size: tuple[int, int], tmp_path: Path) -> None:
    app = app_on(tmp_path)

    async def play(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: app.store.plan.known)
        assert app.main.graph.region.height >= 4
        assert "drawn" in screen_text(app)
        for pane in ("2", "3", "5", "0", "7"):
            await pilot.press(pane)
            await pilot.pause()
            assert app.focused is not None, pane
            assert app.focused.region.area > 0, pane
            await pilot.press("escape")
            await pilot.pause()
            assert app.focused is app.main.graph

    drive(app, play, size)


def test_a_terminal_that_is_too_small_says_so(tmp_path: Path) -> None:
    app = app_on(tmp_path)

    async def play(pilot: Pilot[int]) -> None:
        assert "too small" in screen_text(app)
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert "too small" not in screen_text(app)

    drive(app, play, (24, 6))
