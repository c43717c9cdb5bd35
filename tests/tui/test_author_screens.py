"""Forms and boxes as they were when somebody looked at them, at two sizes."""

from __future__ import annotations

import pytest
from noisegraph.tui.app import NoisegraphApp
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from .probe import drive, until
from .screens import Still, compare

KEYS: dict[str, tuple[str, ...]] = {
    "form": ("enter",),
    "form-zoomed": ("enter", "f11"),
    "form-editing": ("enter", "enter", "0", "0", "0"),
    "form-inputs": ("i",),
    "prompt": ("e",),
    "add": ("a",),
    "connect": ("c", "enter"),
    "batch": ("B", "tab", *"drawn.steps", "equals_sign", *"4..8"),
    "plugins": ("6", "enter"),
}


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", KEYS)
def test_a_screen_of_authoring_is_as_it_was(name: str, size: tuple[int, int], still: Still) -> None:
    app = still()

    async def play(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: app.store.plan.known and app.store.catalog.entries)
        app.main.graph.select("drawn")
        app.clear_notifications()
        for key in KEYS[name]:
            await pilot.press(key)
            await pilot.pause()
        await pilot.pause()
        _hold_still(app)
        await pilot.pause()
        await compare(pilot, app, f"{name}-{size[0]}x{size[1]}")

    drive(app, play, size)


def _hold_still(app: NoisegraphApp) -> None:
    """Cursors do not blink."""
    for field in app.screen.query(Input):
        field.cursor_blink = False
    for area in app.screen.query(TextArea):
        area.cursor_blink = False
