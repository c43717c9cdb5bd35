"""Screens of pictures, of the other views of a graph and of a failure, as they were when somebody looked at them."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from .probe import app_on, drive, screen_text, until
from .screens import compare, freeze
from .test_screens import SIZES, settled

KEYS: dict[str, tuple[str, ...]] = {
    "results": ("4",),
    "compared": ("4", "c", "l", "m", "m", "f11"),
    "boxes": ("v",),
    "table": ("v", "v"),
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", KEYS)
def test_a_screen_is_as_it_was(
    name: str, size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    app = app_on(Path(), "--exact")
    freeze(app, monkeypatch)
    monkeypatch.setattr(app, "_now", lambda: 43_200.0)

    async def play(pilot: Pilot[int]) -> None:
        await settled(app, pilot)
        if name == "compared":
            changed = app.store.document.text.replace('"seed": 1', '"seed": 2').replace("dusk", "dawn")
            app.edit(app.store.document.changed(changed, "change"), "change")
            await pilot.press("r")
            await until(pilot, lambda: len(app.results.all) == 2 and app.store.plan.cached == 3)
            app.clear_notifications()
        for key in KEYS[name]:
            await pilot.press(key)
            await pilot.pause(0.2)
        await until(pilot, lambda: not any(one.group == "pictures" and one.is_running for one in app.workers))
        await pilot.pause(0.2)
        compare(app, f"{name}-{size[0]}x{size[1]}")

    drive(app, play, size)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_failure_is_shown_as_it_was(size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    app = app_on(Path(), "--exact", "--fail", "drawn")
    freeze(app, monkeypatch)

    async def play(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: app.store.plan.known)
        await pilot.press("r")
        await until(pilot, lambda: "OutOfMemoryError" in screen_text(app) and app.store.plan.known)
        app.clear_notifications()
        await pilot.pause(0.3)
        compare(app, f"failure-{size[0]}x{size[1]}")

    drive(app, play, size)
