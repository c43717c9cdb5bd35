"""Failures in the whole interface: shown at once, tried again, looked at."""

from __future__ import annotations

from pathlib import Path

import pytest
from noisegraph.tui.failure.screen import FailureScreen
from textual.pilot import Pilot

from .probe import GRAPH, app_on, drive, screen_text, until


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 12)])
def test_a_failure_is_shown_at_once_and_escape_leaves_it(size: tuple[int, int], tmp_path: Path) -> None:
    app = app_on(tmp_path, "--fail", "drawn")

    async def play(pilot: Pilot[int]) -> None:
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, FailureScreen))
        await until(pilot, lambda: "OutOfMemoryError" in screen_text(app))
        assert "✖ drawn failed" in screen_text(app)
        await pilot.press("escape")
        assert not isinstance(app.screen, FailureScreen)
        await pilot.press("f4")
        await until(pilot, lambda: isinstance(app.screen, FailureScreen))
        await pilot.press("t", "y", "l")
        await until(pilot, lambda: app.focused is not None and app.focused.id == "log")

    drive(app, play, size)


def test_a_failure_is_retried_by_one_key_with_a_remedy_by_another_and_enter_goes_to_the_node(tmp_path: Path) -> None:
    drawn = {**GRAPH["nodes"]["drawn"], "batch": 6}  # type: ignore[index]
    graph = {**GRAPH, "nodes": {**GRAPH["nodes"], "drawn": drawn}}  # type: ignore[dict-item]
    app = app_on(tmp_path, "--fail", "drawn", graph=graph)

    async def play(pilot: Pilot[int]) -> None:
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, FailureScreen))
        await until(pilot, lambda: "Try  1  half the batch (3)" in screen_text(app))
        await pilot.press("1")
        await until(pilot, lambda: "half the batch (1)" in screen_text(app))
        assert '"batch": 3' in app.store.asked[app.store.runs[-1].id]["graph"]
        await pilot.press("R")
        await until(pilot, lambda: "failed · run #0003" in screen_text(app))
        app.main.graph.select("first")
        await pilot.press("enter")
        await until(pilot, lambda: app.main.selected == "drawn")

    drive(app, play)


def test_the_source_is_opened_in_the_users_editor_where_it_is_here(tmp_path: Path) -> None:
    app = app_on(tmp_path, "--fail", "drawn")

    async def play(pilot: Pilot[int]) -> None:
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, FailureScreen))
        await pilot.press("o")
        await until(
            pilot,
            lambda: any("the source of probe.draw is not here" in line.text for line in app.main.bottom.ring.lines),
        )

    drive(app, play)
