"""Each screen at three sizes, in each theme, as it was when somebody looked at it."""

from __future__ import annotations

from pathlib import Path

import pytest
from noisegraph.tui.app import NoisegraphApp
from textual.pilot import Pilot

from .probe import GRAPH, app_on, drive, screen_text, until
from .screens import compare, freeze

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
def test_a_screen_is_as_it_was(
    name: str, size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    app = app_on(Path(), "--exact")
    freeze(app, monkeypatch)

    async def play(pilot: Pilot[int]) -> None:
        await settled(app, pilot)
        for key in KEYS[name]:
            await pilot.press(key)
            await pilot.pause(0.2)
        compare(app, f"{name}-{size[0]}x{size[1]}")

    drive(app, play, size)


@pytest.mark.parametrize("theme", ["light", "ansi", "none"])
def test_a_theme_is_as_it_was(theme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    if theme == "none":
        monkeypatch.setenv("NO_COLOR", "1")
    app = app_on(Path(), "--exact")
    freeze(app, monkeypatch)

    async def play(pilot: Pilot[int]) -> None:
        await settled(app, pilot)
        if theme != "none":
            app.take_theme(f"noisegraph-{theme}")
        await pilot.pause(0.2)
        for kind in ("done", "cached"):
            assert kind in screen_text(app)
        compare(app, f"theme-{theme}")

    drive(app, play, (120, 40))


def test_problems_and_a_dead_worker_are_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    app = app_on(Path(), "--exact", graph=WRONG)
    freeze(app, monkeypatch)

    async def play(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: app.store.plan.problems)
        await pilot.press("7")
        app._link.kill()
        await until(pilot, lambda: app.store.health == "dead")
        app.clear_notifications()
        await pilot.pause(0.2)
        compare(app, "dead-120x40")

    drive(app, play, (120, 40))
