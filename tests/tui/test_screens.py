"""Each screen at three sizes, in each theme, as it was when somebody looked at it."""

from __future__ import annotations

import pytest
from noisegraph.tui.app import NoisegraphApp
from textual.pilot import Pilot

from .probe import GRAPH, drive, screen_text, until
from .screens import Still, compare

SIZES = [(80, 24), (120, 40), (200, 60)]
WRONG = {**GRAPH, "nodes": {**GRAPH["nodes"], "bad": {"use": "probe.wrong"}}}  # type: ignore[dict-item]
KEYS: dict[str, tuple[str, ...]] = {
    "main": (),
    "help": ("question_mark",),
    "queue": ("3",),
    "log": ("5",),
    "preview": ("2",),
    "inspector": ("enter",),
    "jump": ("ctrl+o",),
}


async def settled(app: NoisegraphApp, pilot: Pilot[int]) -> None:
    """A run is over, its plan is there, and no notice is left."""
    await until(pilot, lambda: app.store.plan.known)
    await pilot.press("r")
    await until(pilot, lambda: app.store.runs)
    await until(pilot, lambda: app.store.plan.cached == 3)
    app.clear_notifications()
    await pilot.pause(0.2)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", KEYS)
def test_a_screen_is_as_it_was(name: str, size: tuple[int, int], still: Still) -> None:
    app = still()

    async def play(pilot: Pilot[int]) -> None:
        await settled(app, pilot)
        for key in KEYS[name]:
            await pilot.press(key)
            await pilot.pause()
        await compare(pilot, app, f"{name}-{size[0]}x{size[1]}")

    drive(app, play, size)


@pytest.mark.parametrize("theme", ["light", "ansi", "none"])
def test_a_theme_is_as_it_was(theme: str, still: Still, monkeypatch: pytest.MonkeyPatch) -> None:
    if theme == "none":
        monkeypatch.setenv("NO_COLOR", "1")
    app = still()

    async def play(pilot: Pilot[int]) -> None:
        await settled(app, pilot)
        if theme != "none":
            app.take_theme(f"noisegraph-{theme}")
        await pilot.pause()
        for kind in ("done", "cached"):
            assert kind in screen_text(app)
        await compare(pilot, app, f"theme-{theme}")

    drive(app, play, (120, 40))


def test_problems_and_a_dead_worker_are_as_they_were(still: Still) -> None:
    app = still(graph=WRONG)

    async def play(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: app.store.plan.problems)
        await pilot.press("7")
        app._link.kill()
        await until(pilot, lambda: app.store.health == "dead")
        app.clear_notifications()
        await pilot.pause()
        await compare(pilot, app, "dead-120x40")

    drive(app, play, (120, 40))
