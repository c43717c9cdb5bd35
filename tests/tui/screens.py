"""Pictures of screens that are kept: an SVG to look at, and beside it the text alone, which a review can read."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest
from noisegraph.tui.app import NoisegraphApp

from .probe import screen_text

FOLDER = Path(__file__).with_name("snapshots")
_NUMBER = re.compile(r"terminal-\d+")


def freeze(app: NoisegraphApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clocks stand still from before it runs, so that a screen is the same whenever it is seen."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    app.store.clock = lambda: 0.0
    app.store.out = "out"
    app.main.bottom.ring._clock = lambda: 43_200.0


def compare(app: NoisegraphApp, name: str) -> None:
    """Fail where the screen is not as it was kept; with NOISEGRAPH_SNAPSHOTS=write it is kept anew."""
    text = screen_text(app) + "\n"
    picture = _NUMBER.sub("terminal-0", app.export_screenshot(simplify=True))
    kept, shown = FOLDER / f"{name}.txt", FOLDER / f"{name}.svg"
    if os.environ.get("NOISEGRAPH_SNAPSHOTS") == "write":
        FOLDER.mkdir(exist_ok=True)
        kept.write_text(text, encoding="utf-8")
        shown.write_text(picture, encoding="utf-8")
    assert text == kept.read_text(encoding="utf-8"), f"{kept} shows another screen; look, and write it anew"
    assert picture == shown.read_text(encoding="utf-8"), f"{shown} has other colours; look, and write it anew"
