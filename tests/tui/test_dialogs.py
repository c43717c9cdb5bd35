"""What holds of every box over the panes."""

from __future__ import annotations

from pathlib import Path

import pytest
from noisegraph.tui.dialogs.dialog import Dialog
from noisegraph.tui.dialogs.prose import Prose
from noisegraph.tui.prompt import Prompt
from textual.events import Key
from textual.pilot import Pilot
from textual.widgets import Input

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


def test_what_is_typed_while_a_box_gives_way_to_another_is_meant_for_the_other(tmp_path: Path) -> None:
    app = app_on(tmp_path)

    async def play(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: app.store.catalog.entries and app.main.inspector is not None)
        first, second = Prose("first", ""), Prompt("second", "")
        app.push_screen(first, lambda _: (app.push_screen(second), None)[1])
        await until(pilot, lambda: app.screen is first and first.settled)
        await app.on_event(Key("enter", "\r"))
        await app.on_event(Key("x", "x"))
        await until(pilot, lambda: app.screen is second and second.settled)
        await pilot.pause()
        assert second.query_one(Input).value == "x"

    drive(app, play)


def test_keys_are_not_held_for_ever_for_a_pane_that_never_gets_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("noisegraph.tui.awaiting.PATIENCE", 0.05)
    app = app_on(tmp_path)

    async def play(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: app.store.catalog.entries and app.main.inspector is not None)
        app.main.expect()
        await app.on_event(Key("question_mark", "?"))
        await until(pilot, lambda: len(app.screen_stack) == 2)
        app.main.arrive()
        assert app.main.going == 0

    drive(app, play)
