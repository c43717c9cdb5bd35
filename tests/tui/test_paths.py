"""Files as the interface tells them."""

from __future__ import annotations

from pathlib import Path

import pytest
from noisegraph.tui.paths import short_path


def test_a_file_is_told_as_seen_from_here_else_from_home_else_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, home = tmp_path / "here", tmp_path / "home"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("HOME", str(home))
    files = [here / "a.png", home / "out" / "b.png", tmp_path / "c.png"]
    assert [short_path(file) for file in files] == ["a.png", "~/out/b.png", str(tmp_path / "c.png")]
    here.rmdir()
    assert short_path(str(files[0])) == str(files[0])
