"""Screens of pictures, of the other views of a graph and of a failure, as they were when somebody looked at them."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from .probe import drive, screen_text, until
from .screens import Still, compare
from .test_screens import SIZES, settled

KEYS: dict[str, tuple[str, ...]] = {
    "results": ("4",),
    "compared": ("4", "c", "l", "m", "m", "f11"),
    "boxes": ("v",),
    "table": ("v", "v"),
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", KEYS)
def test_a_screen_is_as_it_was(name: str, size: tuple[int, int], still: Still) -> None:
    app = still()

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
            await pilot.pause()
        await until(pilot, lambda: not any(one.group == "pictures" and one.is_running for one in app.workers))
        await pilot.pause()
        await compare(pilot, app, f"{name}-{size[0]}x{size[1]}")

    drive(app, play, size)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_failure_is_shown_as_it_was(size: tuple[int, int], still: Still) -> None:
    app = still("--fail", "drawn")

    async def play(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: app.store.plan.known)
        await pilot.press("r")
        await until(pilot, lambda: "OutOfMemoryError" in screen_text(app) and app.store.plan.known)
        app.clear_notifications()
        await pilot.pause()
        await compare(pilot, app, f"failure-{size[0]}x{size[1]}")

    drive(app, play, size)
