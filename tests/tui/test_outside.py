"""What comes from outside: other programs that write the file, what is pasted, a worker that does not answer."""

from __future__ import annotations

import json
from pathlib import Path

from textual import events
from textual.pilot import Pilot

from .probe import GRAPH, app_on, drive, until


def log(app: object) -> str:
    """All lines of the log."""
    return "\n".join(line.text for line in app.main.bottom.ring.lines)  # type: ignore[attr-defined]


def test_what_another_program_wrote_is_taken_over_where_nothing_is_lost(tmp_path: Path) -> None:
    app = app_on(tmp_path)
    path = tmp_path / "lamp.json"

    async def play(pilot: Pilot[int]) -> None:
        path.write_text(json.dumps(GRAPH).replace("dusk", "dawn"))
        app.look_at_disk()
        assert "dawn" in app.store.document.text
        assert not app.store.document.dirty
        app.undo()
        assert "dusk" in app.store.document.text

    drive(app, play)


def test_what_another_program_wrote_beside_ones_own_edits_is_told_once_and_a_save_asks(tmp_path: Path) -> None:
    app = app_on(tmp_path)
    path = tmp_path / "lamp.json"

    async def play(pilot: Pilot[int]) -> None:
        app.edit(app.store.document.changed(app.store.document.text.replace("dusk", "noon"), "mine"))
        path.write_text(json.dumps(GRAPH).replace("dusk", "dawn"))
        app.look_at_disk()
        app.look_at_disk()
        assert "noon" in app.store.document.text
        assert log(app).count("was changed by another program") == 1
        await pilot.press("ctrl+s")
        await pilot.pause()
        assert "dawn" in path.read_text()
        await pilot.press("enter")
        await until(pilot, lambda: "noon" in path.read_text())
        assert not app.store.document.dirty

    drive(app, play)


def test_a_pasted_graph_is_an_edit_and_a_pasted_path_is_opened(tmp_path: Path) -> None:
    app = app_on(tmp_path)
    other = tmp_path / "other.json"
    other.write_text(json.dumps({"nodes": {"only": {"use": "probe.number"}}, "outputs": {}}))

    async def play(pilot: Pilot[int]) -> None:
        app.post_message(events.Paste('{"nodes": {"pasted": {"use": "probe.number"}}, "outputs": {}}'))
        await until(pilot, lambda: "pasted" in app.store.document.outline.items)
        assert app.store.document.label == "paste a graph"
        for wrong in ("{", '{"no": "nodes"}'):
            app.post_message(events.Paste(wrong))
            await pilot.pause()
        assert log(app).count("what was pasted is no graph") == 2
        app.post_message(events.Paste(f"'{other}'\n"))
        await until(pilot, lambda: "only" in app.store.document.outline.items)
        assert app.store.document.path == other

    drive(app, play)


def test_a_run_that_does_not_stop_is_told_with_the_way_to_end_it(tmp_path: Path) -> None:
    app = app_on(tmp_path, "--seconds", "60")

    async def play(pilot: Pilot[int]) -> None:
        await pilot.press("r")
        await until(pilot, lambda: app.store.states()["drawn"].kind == "running")
        await pilot.press("x")
        await until(pilot, lambda: "F9 ends the worker at once" in log(app))
        await pilot.press("r", "f9")
        await until(pilot, lambda: app.store.runs)
        assert app.store.runs[0].status == "lost"
        await until(pilot, lambda: app.store.run is not None and app.store.run.id == "0002")

    drive(app, play)


def test_a_disk_that_is_full_is_told_and_nothing_else_happens(tmp_path: Path) -> None:
    app = app_on(tmp_path)

    async def play(pilot: Pilot[int]) -> None:
        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        app.memory.keep = full  # type: ignore[method-assign,assignment]
        app.memory.remember = full  # type: ignore[method-assign,assignment]
        app.edit(app.store.document.changed(app.store.document.text.replace("dusk", "noon"), "mine"))
        app.remember_now()
        assert "the draft is not kept: No space left on device" in log(app)
        assert "the session is not remembered: No space left on device" in log(app)
        assert app.store.document.dirty

    drive(app, play)
