"""What holds of every box over the panes."""

from __future__ import annotations

from pathlib import Path

from noisegraph.tui.dialogs.dialog import Dialog
from textual.pilot import Pilot

from .probe import app_on, drive, until


def test_a_box_is_left_once_though_the_key_was_pressed_twice(tmp_path: Path) -> None:
    app = app_on(tmp_path)

    async def play(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: app.store.catalog.entries and app.main.inspector is not None)
        for key in ("ctrl+p", "question_mark", "ctrl+o", "e", "a", "B", "f2", "ctrl+f"):
            await pilot.press(key)
            await until(pilot, lambda: len(app.screen_stack) == 2)
            box = app.screen
            assert isinstance(box, Dialog), key
            box.dismiss(None)
            box.dismiss(None)
            await pilot.pause()
            assert app.screen is app.main, key

    drive(app, play)


def test_no_box_opens_over_another(tmp_path: Path) -> None:
    app = app_on(tmp_path)

    async def play(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: app.store.catalog.entries and app.main.inspector is not None)
        for key in ("e", "ctrl+p", "ctrl+o"):
            await pilot.press(key)
            await until(pilot, lambda: len(app.screen_stack) == 2)
            await pilot.press("ctrl+p", "ctrl+o", "ctrl+f", "f12")
            assert len(app.screen_stack) == 2, key
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is app.main)

    drive(app, play)
