"""Pictures of screens that are kept: an SVG to look at, and beside it the text alone, which a review can read."""

from __future__ import annotations

import difflib
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from noisegraph.tui.app import NoisegraphApp
from textual.pilot import Pilot

from .probe import GRAPH, app_on, screen_text

FOLDER = Path(__file__).with_name("snapshots")
Still: TypeAlias = Callable[..., NoisegraphApp]
_LOOKS = 80
"""A tenth of a second lies between two: on a busy machine a screen takes its time to become what it will be."""
_NUMBER = re.compile(r"terminal-\d+")


@pytest.fixture
def still(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Still:
    """Makes the interface on a graph, told the fake worker's options: a screen of it is the same whenever it is seen.

    Its clocks stand still from before it runs, runs take one second, and files are told as seen from their folder.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()

    def made(*options: str, graph: object = GRAPH) -> NoisegraphApp:
        app = app_on(Path(), "--exact", *options, graph=graph)
        app.store.clock = lambda: 0.0
        app.store.out = "out"
        app.main.bottom.ring._clock = lambda: 43_200.0
        monkeypatch.setattr(app, "_now", lambda: 43_200.0)
        return app

    return made


async def compare(pilot: Pilot[int], app: NoisegraphApp, name: str) -> None:
    """Fail where the screen does not become as it was kept; with NOISEGRAPH_SNAPSHOTS=write it is kept anew."""
    kept, shown = FOLDER / f"{name}.txt", FOLDER / f"{name}.svg"
    if os.environ.get("NOISEGRAPH_SNAPSHOTS") == "write":
        await pilot.pause(1.0)
        FOLDER.mkdir(exist_ok=True)
        kept.write_text(_text(app), encoding="utf-8")
        shown.write_text(_picture(app), encoding="utf-8")
    wanted, coloured = kept.read_text(encoding="utf-8"), shown.read_text(encoding="utf-8")
    for _ in range(_LOOKS):
        if _text(app) == wanted and _picture(app) == coloured:
            return
        await pilot.pause(0.1)
    other = "\n".join(difflib.ndiff(wanted.splitlines(), _text(app).splitlines()))
    assert _text(app) == wanted, f"{kept} shows another screen; look, and where it is meant write it anew\n{other}"
    assert _picture(app) == coloured, f"{shown} has other colours; look, and where it is meant write it anew"


def _text(app: NoisegraphApp) -> str:
    return screen_text(app) + "\n"


def _picture(app: NoisegraphApp) -> str:
    return _NUMBER.sub("terminal-0", app.export_screenshot(simplify=True))
